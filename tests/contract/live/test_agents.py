"""Agents through the published client, by hand-written and by generated methods."""

from collections.abc import Callable
from typing import Any

import pytest

sonzai = pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from sonzai._generated.models import UpdateAgentProfileOutputBody  # noqa: E402

from tests.contract.live.clients import SAID, finished  # noqa: E402

MIND = {"openness": 80, "conscientiousness": 60, "extraversion": 40, "agreeableness": 70, "neuroticism": 20}


def test_an_agent_is_created_read_updated_and_deleted(client: Any, named: Callable[[str], str]) -> None:
    name = named("Mara")
    made = client.agents.create(
        name=name,
        bio="Plans meals.",
        gender="female",
        personality_prompt="You are Mara.",
        speech_patterns=["short"],
        true_interests=["herbs"],
        true_dislikes=["waste"],
        primary_traits=["calm"],
        big5=MIND,
        language="en",
        generate_avatar=False,
    )
    assert (made.name, made.bio, made.true_interests) == (name, "Plans meals.", ["herbs"])
    read = client.agents.get_agent(made.agent_id)
    assert read.big5.openness.score == 80
    assert client.agents.get(made.agent_id).model_dump() == made.model_dump()
    client.agents.update(made.agent_id, bio="Bakes bread.", big5={**MIND, "openness": 30}, avatar_url="https://example.com/a.png")
    changed = client.agents.get_agent(made.agent_id)
    assert (changed.bio, changed.big5.openness.score, changed.gender) == ("Bakes bread.", 30, "female")
    assert client.agents.delete(made.agent_id).success is True
    with pytest.raises(sonzai.NotFoundError, match=made.agent_id):
        client.agents.get(made.agent_id)


def test_the_generated_methods_do_the_same(client: Any, named: Callable[[str], str]) -> None:
    """But for PATCH: the client's own `update_agent_profile` is a TypeError before it sends anything. Its model reads the answer."""
    made = client.agents.create_agent(name=named("Noa"), bio="Mends bikes.", speech_patterns=["dry"])
    assert client.agents.get_agent(made.agent_id) == made
    answer = client._http.patch(f"/api/v1/agents/{made.agent_id}/profile", json_data={"true_dislikes": ["rust"]})
    assert UpdateAgentProfileOutputBody.model_validate(answer).success is True
    assert client.agents.get_agent(made.agent_id).true_dislikes == ["rust"]
    gone = client.agents.delete_agent(made.agent_id)
    assert (gone.success, gone.status, gone.errors) == (True, "ok", [])


def test_an_agent_is_found_by_a_name_with_a_slash(client: Any, named: Callable[[str], str]) -> None:
    """The generated methods encode the name into the path."""
    made = client.agents.create(name=named("Mara / Küche 100%"))
    assert client.agents.get_agent(made.name).agent_id == made.agent_id
    started = client.eval_runs.simulate_agent(made.name)
    assert finished(client, started.run_id).agent_id == made.agent_id


def test_agents_are_listed_page_by_page(client: Any, named: Callable[[str], str]) -> None:
    prefix = named("Crew")
    made = [client.agents.create(name=f"{prefix} {letter}").agent_id for letter in "abcde"]
    assert [item.agent_id for item in client.agents.list(page_size=2, search=prefix)] == made[::-1]
    page = client.agents.list_agents(page_size=2, search=prefix, include_count="true")
    assert (len(page.items), page.has_more, page.total_count) == (2, True, 5)


def test_the_runs_of_a_deleted_agent_stay(client: Any, agent: Any, template: Any) -> None:
    accepted = client.eval_runs.evaluate_agent(agent.agent_id, messages=SAID, template_id=template.template_id, quality_only=True)
    finished(client, accepted.run_id)
    client.agents.delete(agent.agent_id)
    run = client.eval_runs.get_eval_run(accepted.run_id)
    assert (run.agent_id, run.agent_name) == (agent.agent_id, agent.name)
    assert [item.run_id for item in client.eval_runs.list(agent_id=agent.agent_id)] == [accepted.run_id]
