"""What a run will take, worked out before it starts, and held against what runs took."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from agents.clients import Providers, load_providers
from agents.llm.types import Usage
from agents.models import Agent, ModelProvider
from runs.engine import stop
from runs.engine.drain import run_drain
from runs.estimate import Asked, Estimate, Price, Range, Rubric, estimate
from runs.models import EvalRun
from runs.plan import SessionPlan
from runs.request import RunRequest
from runs.scenarios import Preview, preview
from runs.selectors import costs
from runs.services import Kind, run_create
from runs.states import Status
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server
from tests.support.runs import TRANSCRIPT, agent_make, project_make, template_make

FREE = SessionPlan("a", 0, (), 5)
SCRIPTED = SessionPlan("b", 0, ("Hello there", "And now?"), 2)
JUDGE = Rubric(purpose="judge", tokens=200, categories=3, samples=2, longest=500)


def dollar_a_call(usage: Usage) -> Decimal | None:
    return Decimal(1)


def calls(asked: Asked, repeats: int = 1) -> dict[str, tuple[int, int]]:
    found = estimate(asked, lambda purpose: ("m", False, dollar_a_call), repeats)
    return {row.purpose: (row.calls.low, row.calls.high) for row in found.rows}


def test_a_free_session_ends_anywhere_between_the_first_message_and_the_limit() -> None:
    assert calls(Asked(sessions=[FREE])) == {"user": (1, 5), "agent": (0, 5)}


def test_a_script_is_said_to_its_end_without_a_user_model() -> None:
    assert calls(Asked(sessions=[SCRIPTED, SCRIPTED])) == {"agent": (4, 4)}


def test_free_turns_after_a_script_are_as_many_as_are_left() -> None:
    assert calls(Asked(sessions=[SessionPlan("c", 0, ("Hi",), 4)])) == {"agent": (1, 4), "user": (1, 3)}


def test_memory_diary_and_first_words_count_for_a_character_alone() -> None:
    all_on: dict[str, Any] = {"consolidation": True, "diary": True, "proactive": True}
    assert calls(Asked(sessions=[SCRIPTED] * 3, **all_on)) == {"agent": (8, 8), "memory": (6, 6)}
    assert calls(Asked(sessions=[SCRIPTED] * 3, hosted=False, **all_on)) == {"agent": (6, 6)}


def test_every_template_is_judged_by_as_many_samples_as_it_asks_for() -> None:
    adaptation = Rubric(purpose="adaptation", tokens=10, categories=1, samples=1, longest=100)
    assert calls(Asked(transcript=(500, 10), rubrics=[JUDGE, adaptation])) == {"judge": (2, 2), "adaptation": (1, 1)}


def test_repeats_multiply_calls_tokens_and_price() -> None:
    one = estimate(Asked(sessions=[SCRIPTED]), lambda purpose: ("m", False, dollar_a_call))
    ten = estimate(Asked(sessions=[SCRIPTED]), lambda purpose: ("m", False, dollar_a_call), 10)
    assert (one.calls, ten.calls) == (Range(2, 2), Range(20, 20))
    assert (one.price, ten.price) == ((2, 2), (20, 20))
    assert ten.rows[0].read.high == 10 * one.rows[0].read.high


def test_tokens_grow_with_the_conversation_and_answers_are_bounded() -> None:
    [five] = [row for row in estimate(Asked(sessions=[SessionPlan("a", 0, ("x" * 400,) * 5, 5)]), _free).rows if row.purpose == "agent"]
    [ten] = [row for row in estimate(Asked(sessions=[SessionPlan("a", 0, ("x" * 400,) * 10, 10)]), _free).rows if row.purpose == "agent"]
    assert ten.read.high > 3 * five.read.high
    [judged] = estimate(Asked(transcript=(500, 10), rubrics=[JUDGE]), _free).rows
    assert judged.written.high == 2 * 500


def _free(purpose: str) -> tuple[str, bool, Price]:
    return "demo/x", True, lambda usage: Decimal(0)


def test_an_unknown_price_is_named_and_never_free() -> None:
    found = estimate(Asked(sessions=[SCRIPTED]), lambda purpose: ("attic/llama", False, lambda usage: None))
    assert (found.unpriced, found.is_free, found.price) == (["attic/llama"], False, (0, 0))
    assert found.rows[0].price is None
    assert estimate(Asked(sessions=[SCRIPTED]), _free).is_free


def test_a_name_that_leads_nowhere_is_a_problem_of_its_part() -> None:
    request = RunRequest(agent=Agent(name="Mara", model="nowhere/x"), sessions=[{"turns": [{"user_message": "Hi"}]}])
    shown = preview(kind=Kind.SIMULATE, request=request, repeats=1, providers=Providers({}))
    assert list(shown.problems) == ["agent"]
    assert shown.estimate.unpriced == ["nowhere/x"]


def test_an_endpoint_is_unpriced_and_keeps_its_own_memory() -> None:
    agent = Agent(name="Desk", kind=Agent.Kind.WEBHOOK, endpoint_url="https://example.org/hook")
    config = {"enable_diary": True}
    request = RunRequest(agent=agent, sessions=[{"turns": [{"user_message": "Hi"}]}], simulation_config=config)
    [row] = preview(kind=Kind.SIMULATE, request=request, repeats=1, providers=Providers({})).estimate.rows
    assert (row.purpose, row.model, row.price) == ("agent", "endpoint/Desk", None)


# Against real runs


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running
    stop.reset()


SESSIONS = [
    {"name": "One", "turns": [{"user_message": "Hello"}, {"user_message": "I have two dogs, what now?"}], "max_turns": 5},
    {"name": "Two", "time_gap_hours": 48},
    {"name": "Three", "turns": [{"user_message": "Do you remember my dogs?"}], "max_turns": 1},
]
CONFIGS = [
    {"max_turns_per_session": 4},
    {"max_turns_per_session": 3, "enable_consolidation": True, "enable_diary": True, "enable_proactive": True},
]


def run_of(request: RunRequest, kind: str) -> tuple[Preview, EvalRun]:
    project = project_make()
    shown = preview(kind=kind, request=request, repeats=1, providers=load_providers(project))
    run = run_create(project=project, kind=kind, request=request)
    run_drain(linger=0)
    run.refresh_from_db()
    assert run.status == Status.COMPLETED, run.error_reason
    return shown, run


def check(found: Estimate, run: EvalRun) -> None:
    """Calls of every purpose within the range; tokens and price no more than the most."""
    rows = {row.purpose: row for row in found.rows}
    taken = costs(run=run)
    assert {row.purpose for row in taken} <= rows.keys()
    for row in taken:
        expected = rows[row.purpose]
        assert expected.model == row.model
        assert expected.calls.low <= row.calls <= expected.calls.high
        assert row.input_tokens <= expected.read.high
    assert all(row.calls.low == 0 for purpose, row in rows.items() if purpose not in {cost.purpose for cost in taken})
    assert Decimal(run.total_cost_usd) <= found.price[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("config", CONFIGS)
def test_a_run_of_the_demo_models_stays_within_what_was_said(config: dict[str, Any]) -> None:
    project = project_make()
    request = RunRequest(
        agent=agent_make(project),
        template=template_make(project, judge_samples=2),
        adaptation_template=template_make(project, kind="adaptation"),
        sessions=SESSIONS,
        user_persona={"name": "Jonas", "goal": "Find a name for the second dog"},
        simulation_config=config,
    )
    shown, run = run_of(request, Kind.RUN_EVAL)
    check(shown.estimate, run)
    assert shown.estimate.is_free


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("config", CONFIGS)
def test_a_run_of_priced_models_stays_within_what_was_said(server: MockModelServer, config: dict[str, Any]) -> None:
    project = project_make()
    ModelProvider.objects.create(project=project, name="openai", base_url=server.openai_url, default_model="gpt-4o-mini")
    request = RunRequest(
        agent=agent_make(project),
        template=template_make(project, judge_model="openai/gpt-4o"),
        sessions=SESSIONS,
        user_persona={"name": "Jonas"},
        simulation_config=config,
    )
    shown, run = run_of(request, Kind.RUN_EVAL)
    check(shown.estimate, run)
    assert 0 < shown.estimate.price[0] < shown.estimate.price[1]
    assert run.total_cost_usd > 0


@pytest.mark.django_db(transaction=True)
def test_a_transcript_takes_its_judges_alone() -> None:
    project = project_make()
    request = RunRequest(agent=agent_make(project), template=template_make(project), messages=TRANSCRIPT, judge_model="demo/judge")
    shown, run = run_of(request, Kind.EVALUATE)
    check(shown.estimate, run)
    assert shown.estimate.calls == Range(1, 1)
    assert run.judge_model == "demo/judge"
