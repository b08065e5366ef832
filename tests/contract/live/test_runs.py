"""Runs as the published client starts, follows and reads them: its models take every event and every answer."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from tests.contract.live.clients import PERSONA, RUBRIC, SAID, SCRIPT, finished  # noqa: E402

COMMON = {"type", "run_id", "seq", "message", "session_index", "total_sessions", "total_turns", "total_cost_usd"}


def types(events: list[Any]) -> list[str]:
    return [event.type for event in events]


def test_run_eval_streams_two_scripted_sessions_to_the_final_status(client: Any, agent: Any, template: Any) -> None:
    events = list(client.agents.run_eval(agent.agent_id, template_id=template.template_id, sessions=SCRIPT, user_persona=PERSONA))
    assert all(event.model_dump().keys() >= COMMON for event in events)
    assert [event.model_extra["seq"] for event in events] == list(range(len(events)))
    assert types(events).count("session_started") == types(events).count("session_completed") == 2
    said = [event.model_extra["content"] for event in events if event.type == "turn_completed" and event.model_extra["role"] == "user"]
    assert said == [turn["user_message"] for session in SCRIPT for turn in session["turns"]]
    assert {"run_started", "turn_started", "simulation_completed", "evaluation_started", "score", "evaluation_completed"} <= {
        *types(events)
    }
    last = events[-1]
    assert (last.type, last.model_extra["status"], last.model_extra["error_reason"]) == ("final_status", "completed", "")
    assert last.eval_result == last.model_extra["evaluation_result"]
    assert [item["key"] for item in last.eval_result["categories"]] == ["helpfulness", "tone"]
    assert (last.total_sessions, last.total_turns) == (2, 6)


def test_the_run_that_was_streamed_is_read_with_the_same_results(client: Any, agent: Any, template: Any) -> None:
    events = list(client.agents.run_eval(agent.agent_id, template_id=template.template_id, sessions=SCRIPT, quality_only=True))
    run = client.eval_runs.get(events[-1].model_extra["run_id"])
    assert (run.id, run.status, run.agent_id, run.template_id) == (run.run_id, "completed", agent.agent_id, template.template_id)
    assert run.evaluation_result == events[-1].eval_result
    assert (run.adaptation_result, run.adaptation_template_id) == ({}, "")
    assert [(line["role"], line["session_index"]) for line in run.transcript] == [("user", 0), ("assistant", 0)] * 3 + [
        ("user", 1),
        ("assistant", 1),
    ] * 3
    assert run.total_cost_usd == run.simulation_cost_usd + run.evaluation_cost_usd
    assert client.eval_runs.get_eval_run(run.run_id).model_dump() == run.model_dump()


def test_a_simulation_ends_without_results(client: Any, agent: Any) -> None:
    config = {
        "max_sessions": 2,
        "max_turns_per_session": 2,
        "simulated_duration_hours": 0,
        "enable_proactive": False,
        "enable_diary": False,
        "enable_consolidation": True,
    }
    events = list(client.agents.simulate(agent.agent_id, user_persona=PERSONA, config=config))
    assert types(events)[-2:] == ["simulation_completed", "final_status"]
    assert events[-1].eval_result == events[-1].adaptation_result == {}
    assert 1 <= events[-1].total_sessions <= 2


def test_a_run_that_is_only_started_can_be_followed_by_its_id(client: Any, agent: Any) -> None:
    started = client.agents.simulate_async(agent.agent_id, sessions=SCRIPT)
    assert started.status == "running"
    events = list(client.eval_runs.stream_events(started.run_id))
    assert types(events)[0] == "run_started"
    assert types(events)[-1] == "final_status"
    assert client.eval_runs.stream_eval_events(started.run_id).endswith("data: [DONE]\n\n")


def test_an_evaluation_is_polled_by_the_id_that_the_generated_method_keeps(client: Any, agent: Any, template: Any) -> None:
    accepted = client.eval_runs.evaluate_agent(agent.agent_id, messages=SAID, template_id=template.template_id, quality_only=True)
    assert accepted.status == "pending"
    run = finished(client, accepted.run_id)
    assert (run.status, run.total_turns, [line["content"] for line in run.transcript]) == ("completed", 1, [m["content"] for m in SAID])
    assert 0 <= run.evaluation_result["score"] <= 100


def test_an_evaluation_by_the_older_method_is_found_as_the_newest_run_of_its_agent(client: Any, agent: Any, template: Any) -> None:
    """`agents.evaluate` reads the answer as a result, so that the id of the run is lost; it is not refused, and the run is there."""
    assert client.agents.evaluate(agent.agent_id, messages=SAID, template_id=template.template_id).categories == []
    [run] = client.eval_runs.list(agent_id=agent.agent_id)
    assert finished(client, run.run_id).evaluation_result["template_id"] == template.template_id


def test_a_transcript_is_judged_again_with_another_template(client: Any, agent: Any, template: Any, named: Callable[[str], str]) -> None:
    first = client.agents.simulate_async(agent.agent_id, sessions=SCRIPT)
    source = finished(client, first.run_id)
    stricter = client.eval_templates.create(name=named("Stricter"), **RUBRIC | {"categories": [RUBRIC["categories"][0]]})
    events = list(client.agents.eval_only(agent.agent_id, template_id=stricter.template_id, source_run_id=source.run_id))
    assert "turn_completed" not in types(events)
    assert [item["key"] for item in events[-1].eval_result["categories"]] == ["helpfulness"]
    again = client.eval_runs.get(events[-1].model_extra["run_id"])
    assert [line["content"] for line in again.transcript] == [line["content"] for line in source.transcript]
    only = client.agents.eval_only_async(agent.agent_id, template_id=template.template_id, source_run_id=source.run_id)
    assert len(finished(client, only.run_id).evaluation_result["categories"]) == 2


@pytest.fixture
def ended(client: Any, agent: Any, template: Any) -> Callable[..., Any]:
    """A run of one scripted turn, to its end."""
    sessions = [{"name": "One", "time_gap_hours": 0, "turns": [{"user_message": "I have two dogs."}]}]

    def run(**more: Any) -> Any:
        started = client.agents.run_eval_async(agent.agent_id, template_id=template.template_id, sessions=sessions, **more)
        return finished(client, started.run_id)

    return run


def test_the_projects_own_adaptation_template_is_the_default(
    client: Any, stranger: Any, ended: Callable[..., Any], named: Callable[[str], str]
) -> None:
    """The system's is the default of a project without one; the first of the project's own is from then on."""
    [system] = [item for item in client.eval_templates.list(template_type="adaptation").templates if item.is_system]
    own = [item for item in client.eval_templates.list(template_type="adaptation").templates if not item.is_system]
    expected = min(own, key=lambda item: item.created_at, default=system)
    assert ended().adaptation_template_id == expected.template_id
    if not own:
        first = client.eval_templates.create(name=named("Ours"), template_type="adaptation", **RUBRIC)
        run = ended()
        assert (run.adaptation_template_id, run.adaptation_result["template_id"]) == (first.template_id, first.template_id)


def test_an_adaptation_template_that_is_named_is_used_and_quality_only_uses_none(
    client: Any, ended: Callable[..., Any], named: Callable[[str], str]
) -> None:
    chosen = client.eval_templates.create(name=named("Recall"), template_type="adaptation", **RUBRIC)
    run = ended(adaptation_template_id=chosen.template_id)
    assert run.adaptation_result["template_id"] == run.adaptation_template_id == chosen.template_id
    alone = ended(adaptation_template_id=chosen.template_id, quality_only=True)
    assert (alone.adaptation_template_id, alone.adaptation_result, alone.status) == ("", {}, "completed")


def test_a_run_may_override_the_character_and_the_model(client: Any, ended: Callable[..., Any]) -> None:
    run = ended(config_override={"bio": "Bakes bread.", "big5": None}, model="demo/agent")
    assert run.character_config["bio"] == "Bakes bread."
    assert run.simulation_model == "demo/agent"


def test_a_run_is_deleted_once(client: Any, ended: Callable[..., Any]) -> None:
    from sonzai import NotFoundError

    run_id = ended(quality_only=True).run_id
    assert client.eval_runs.delete(run_id).success is True
    with pytest.raises(NotFoundError, match=run_id):
        client.eval_runs.delete_eval_run(run_id)


def test_a_run_is_deleted_while_it_is_running(client: Any, agent: Any) -> None:
    sessions = [{"name": str(day), "time_gap_hours": 24, "turns": [{"user_message": "Hi"}] * 20} for day in range(5)]
    started = client.agents.simulate_async(agent.agent_id, sessions=sessions)
    assert client.eval_runs.delete_eval_run(started.run_id).success is True
    assert list(client.eval_runs.list(agent_id=agent.agent_id)) == []
