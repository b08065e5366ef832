"""GET /eval-runs/{id}: exactly the contract's keys at every stage of a run's life, to those it belongs to."""

import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent
from runs.models import EvalRun
from runs.states import Status
from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.api.client import Api, check_contract

ALWAYS = {
    "run_id", "agent_id", "agent_name", "status", "character_config", "simulation_config", "simulation_model", "user_persona",
    "template_id", "template_snapshot", "transcript", "simulation_state", "evaluation_result", "adaptation_template_id",
    "adaptation_template_snapshot", "adaptation_result", "total_sessions", "total_turns", "simulated_minutes", "total_cost_usd",
    "simulation_cost_usd", "evaluation_cost_usd", "started_at", "completed_at", "created_at", "project_id", "tenant_id",
}  # fmt: skip


@pytest.fixture
def run(owner: Api, agent: Agent, quality: EvalTemplate) -> EvalRun:
    made = factories.run(project=owner.project, agent=agent, template=quality, simulation_cost_usd="0.25", evaluation_cost_usd="0.5")
    factories.conversation(run=made, sessions=1, turns=1)
    return made


def read(api: Api, run: EvalRun) -> dict[str, Any]:
    body: dict[str, Any] = api.get(f"/eval-runs/{run.id}").json()
    return body


def test_a_waiting_run_has_every_key_and_no_null_but_completed_at(owner: Api, run: EvalRun) -> None:
    body = read(owner, run)
    check_contract("EvalRun", body)
    assert set(body) == ALWAYS
    assert [key for key, value in body.items() if value is None] == ["completed_at"]
    assert body["started_at"] == body["created_at"]
    assert body["created_at"].endswith("+00:00")
    assert (body["total_cost_usd"], body["simulation_cost_usd"], body["evaluation_cost_usd"]) == (0.75, 0.25, 0.5)
    assert (body["adaptation_template_id"], body["adaptation_template_snapshot"], body["adaptation_result"]) == ("", {}, {})
    assert body["character_config"] == run.agent_snapshot["character"]
    assert body["simulation_model"] == "openai/gpt-4o-mini"


def test_a_failed_run_says_why(owner: Api, run: EvalRun) -> None:
    EvalRun.objects.update(status=Status.FAILED, error_reason="The agent never answered.")
    body = read(owner, run)
    check_contract("EvalRun", body)
    assert set(body) == ALWAYS | {"error_reason"}


def test_the_transcript_shows_tool_calls_and_names_only_where_there_are_any(owner: Api, run: EvalRun) -> None:
    call = {"type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    factories.message(run=run, role="assistant", content="", tool_calls=[call], name="Mara", simulated_at=None)
    first, *_, last = read(owner, run)["transcript"]
    assert set(first) == {"index", "role", "content", "session_index", "turn_index", "simulated_at", "created_at"}
    assert (first["index"], first["role"], first["content"]) == (0, "user", "I have two dogs.")
    assert (last["tool_calls"], last["name"], last["simulated_at"]) == ([call], "Mara", None)


def test_a_run_outlives_its_agent_and_template(owner: Api, run: EvalRun, agent: Agent, quality: EvalTemplate) -> None:
    before = read(owner, run)
    agent.delete()
    quality.delete()
    assert read(owner, run) == before


def test_a_teammate_reads_the_run_and_a_stranger_does_not(teammate: Api, stranger: Api, run: EvalRun) -> None:
    assert read(teammate, run)["run_id"] == str(run.id)
    response = stranger.get(f"/eval-runs/{run.id}")
    assert response.status_code == 404
    assert response.json()["errors"][0]["location"] == "path.run_id"


@pytest.mark.parametrize("name", [str(uuid.UUID(int=7)), "7", "latest"])
def test_a_run_that_is_not_there_is_named(owner: Api, name: str) -> None:
    response = owner.get(f"/eval-runs/{name}")
    assert response.status_code == 404
    assert name in response.json()["detail"]


def test_reading_costs_three_queries_however_long_the_transcript(
    owner: Api, run: EvalRun, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    read(owner, run)  # notes the first use of the key
    factories.conversation(run=run)
    with django_assert_num_queries(3):
        read(owner, run)


def test_calls_without_a_known_price_are_counted_in_the_state(owner: Api, run: EvalRun) -> None:
    assert "unpriced_calls" not in owner.get(f"/eval-runs/{run.id}").json()["simulation_state"]
    EvalRun.objects.filter(pk=run.pk).update(unpriced_calls=2)
    assert owner.get(f"/eval-runs/{run.id}").json()["simulation_state"]["unpriced_calls"] == 2
