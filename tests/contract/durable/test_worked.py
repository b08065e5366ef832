"""From the request to the end over the dialect alone, with a real worker and the demo models: progress, summary, children, results."""

from typing import Any

import pytest

from runs.batches.tick import Ticker
from runs.engine.drain import run_drain
from templates_app.models import Brand
from tests.contract.durable.contract import Durable
from tests.contract.durable.place import ENGINE, TEXT, Place
from tests.support.mock_thread import mock_server

pytestmark = pytest.mark.django_db(transaction=True)
RUNS, PERFORMANCE = "/eval-runs", "/api-performance"


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def api(place: Place) -> Durable:
    return Durable(place.project)


def ended(api: Durable, body: dict[str, Any]) -> dict[str, Any]:
    """A run that is started and worked off; its progress never goes back on the way."""
    started = api.post(RUNS, body).json()
    Ticker().step()
    dispatched = api.get(f"{RUNS}/{started['id']}").json()
    assert dispatched["progress"]["total"] == started["progress"]["total"]
    assert dispatched["progress"]["percent"] >= started["progress"]["percent"]
    run_drain(linger=0)
    told: dict[str, Any] = api.get(f"{RUNS}/{started['id']}").json()
    assert (told["id"], told["job_id"], told["dispatch_id"]) == (started["id"], started["job_id"], started["dispatch_id"])
    return told


def children(api: Durable, told: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get(f"{RUNS}/{told['id']}/runs").json()["data"]
    return rows


def test_prompts_are_asked_and_summed_up(api: Durable, place: Place) -> None:
    Brand.objects.create(project=place.project, name="Acme", is_own=True)
    told = ended(api, {"type": "prompts", "targets": [ENGINE]})
    assert (told["status"], told["stage"], told["error"]) == ("completed", "done", None)
    assert told["progress"] == {
        "total": 2,
        "queued": 0,
        "running": 0,
        "completed": 2,
        "failed": 0,
        "cancelled": 0,
        "interrupted": 0,
        "percent": 100.0,
    }
    assert (told["summary"]["overall"]["n"], told["actual_cost"]) == (2, 0.0)
    assert [child["status"] for child in children(api, told)] == ["completed", "completed"]
    assert api.get(f"{PERFORMANCE}/runs").json()["data"] == []
    again = api.post(RUNS, {"type": "prompts", "targets": [ENGINE]})
    assert (again.status_code, "already completed today" in again.json()["detail"]) == (400, True)


def test_custom_evals_are_judged_and_have_a_history(api: Durable, place: Place) -> None:
    api.patch(f"{PERFORMANCE}/custom-evals/{place.ids['dinner']}", {"eval": {"expected_behavior": "It plans a dinner."}})
    body = {"type": "api_performance", "source_type": "custom_evals", "targets": [TEXT], "custom_eval_ids": [place.ids["dinner"]]}
    told = ended(api, body)
    assert (told["status"], told["progress"]["completed"]) == ("completed", 1)
    (child,) = children(api, told)
    detail = api.get(f"{PERFORMANCE}/runs/{child['id']}").json()["data"]
    assert detail["prompt_sent"].startswith("About dinner")
    assert detail["response_text"]
    assert detail["passed"] in (True, False)
    assert detail["raw"]["checks"][-1]["key"] == "expected_behavior"
    history = api.get(f"{PERFORMANCE}/custom-evals/history", custom_eval_id=place.ids["dinner"]).json()
    assert [row["id"] for row in history["runs"]] == [child["id"]]
    assert history["runs"][0]["prompt_sent"] == detail["prompt_sent"]
    diagnosis = api.post(f"{PERFORMANCE}/diagnose", {"format": "md"}).json()
    assert diagnosis["summary"]["total_runs"] == 1


def test_a_rest_api_is_used_and_why_it_failed_is_told(api: Durable, place: Place) -> None:
    """The server has no such path, so the run does not pass; everything that tells of it says the same.

    For two of ten addresses of the server the demo model makes a mistake before, which is another reason.
    """
    body = {"type": "api_performance", "source_type": "rest_api", "targets": [TEXT], "operation_ids": [place.ids["GET /pets"]]}
    with mock_server() as server:
        api.put(f"{PERFORMANCE}/config", {"source_id": place.ids["pets"], "api_base_url": server.url})
        told = ended(api, body)
    assert told["status"] == "completed"
    (child,) = children(api, told)
    assert (child["endpoint"]["method"], child["endpoint"]["path"], child["source"]["label"]) == ("GET", "/pets", "pets")
    detail = api.get(f"{PERFORMANCE}/runs/{child['id']}").json()["data"]
    [reason] = detail["failure_reasons"]
    assert detail["passed"] is False
    assert detail["raw"]["checks"]
    (pattern,) = api.post(f"{PERFORMANCE}/diagnose", {}).json()["failure_analysis"]["patterns"]
    assert (pattern["pattern"], pattern["run_ids"], pattern["example_reasons"]) == (reason, [child["id"]], [child["error"]])
    assert child["error"]
