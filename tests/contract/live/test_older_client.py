"""Release 1.3.0 of the published client: pages by limit and offset, categories as {name, weight, criteria}, the older persona.

Its models take every answer. Two things get lost on the way, for want of keys in the contract: it looks for a template's id under `id`,
which is `template_id` now, so templates are named by their name; and it reads `name`, `weight` and `criteria` of categories, which
answers call `label` and `prompt_instructions`, so it can write categories and only count them when it reads them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.live.place import Place

DRIVER = Path(__file__).with_name("older_driver.py")


@pytest.fixture(scope="module")
def facts(request: pytest.FixtureRequest) -> dict[str, Any]:
    folder = os.environ.get("EVALHUB_TEST_SONZAI_13")
    if not folder:
        pytest.skip("the older client is not here: EVALHUB_TEST_SONZAI_13 names the folder of `pip install --target FOLDER sonzai==1.3.0`")
    place: Place = request.getfixturevalue("start")("SQLite")  # not before it is clear that somebody wants a server
    driven = subprocess.run(
        [sys.executable, str(DRIVER), place.url, place.key],
        env={**os.environ, "PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert driven.returncode == 0, driven.stderr
    found: dict[str, Any] = json.loads(driven.stdout)
    return found


def test_it_makes_changes_lists_and_deletes_agents(facts: dict[str, Any]) -> None:
    assert facts["agents"] == {"bio": "Bakes bread.", "pages": [["Older Noa"], ["Older Mara"]], "total": 2, "deleted": True}


def test_it_writes_categories_in_the_older_shape(facts: dict[str, Any]) -> None:
    assert facts["templates"] == {
        "id": "",
        "listed": True,
        "changed": ["Older quality", "Changed.", 0.3, 8192],
        "categories": 2,
        "deleted": True,
    }
    assert facts["runs"]["weights"] == {"Helpful": 2.0, "Kind": 1.0}


def test_it_follows_a_run_and_goes_on_from_every_event(facts: dict[str, Any]) -> None:
    run = facts["runs"]
    assert (run["types"][0], run["types"][-1], run["status"]) == ("run_started", "final_status", "completed")
    assert run["resumed"] == [run["types"][index:] for index in range(len(run["types"]))]
    assert (run["same result"], run["judged again"], run["deleted"]) == (True, ["final_status", 4], True)


def test_its_persona_is_mapped(facts: dict[str, Any]) -> None:
    assert facts["runs"]["persona"] == {"name": "Jo", "description": "A nurse.\nPersonality: dry", "style": "short"}


def test_it_pages_by_limit_and_offset(facts: dict[str, Any]) -> None:
    pages = facts["pages"]
    assert (pages["sizes"], pages["totals"], pages["distinct"]) == ([3, 3, 1, 0], [7], 7)
    assert pages["newest first"] == sorted(pages["newest first"], reverse=True)
    assert pages["finished"] == "completed"


def test_its_errors_say_the_same_sentences(facts: dict[str, Any]) -> None:
    errors = facts["errors"]
    assert errors["missing"] == ["NotFoundError", "There is no run '00000000-0000-4000-8000-000000000000' in this project."]
    assert errors["invalid"] == ["APIError", "[422] body.messages: A transcript needs at least 2 messages, this one has 1."]
    assert errors["unknown"] == ["AuthenticationError", "This API key is unknown here, or it was revoked."]
