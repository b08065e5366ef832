"""Everything a model server can do wrong, over real HTTP: each fault ends in a completed run or in a precise reason, and nothing hangs."""

from collections.abc import Iterator
from typing import Any

import pytest

from agents.models import Agent, ModelProvider
from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.states import Status
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server
from tests.support.runs import agent_make, project_make, run_make, template_make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Any) -> Iterator[MockModelServer]:
    settings.ENV = settings.ENV.model_copy(update={"model_timeout": 1.0, "model_attempts": 3, "model_patience": 0.0})
    with mock_server() as running:
        yield running


def driven(server: MockModelServer, *, agent: str = "good", judge: str = "good", user: str = "good", **more: Any) -> EvalRun:
    project = project_make()
    ModelProvider.objects.create(project=project, name="mock", base_url=server.openai_url)
    template = template_make(project, judge_model=f"mock/{judge}")
    config = {"model": f"mock/{user}", "max_turns_per_session": 3}
    more = {"model": f"mock/{agent}", **more}
    run = run_make(project=project, template=template, simulation_config=config, **more)
    run_drain(linger=0)
    run.refresh_from_db()
    return run


def driven_with(server: MockModelServer, agent: Agent) -> EvalRun:
    project = agent.project
    ModelProvider.objects.create(project=project, name="mock", base_url=server.openai_url)
    run = run_make(agent=agent, template=template_make(project, judge_model="mock/good"), user_id="u-1")
    run_drain(linger=0)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    "model",
    [
        "m+latency20",
        "m+jitter5-40",
        "m+429x1",
        "m+retry-after0x1",
        "m+500x1",
        "m+cutx1",
        "m+cut-bodyx1",
        "m+hangx1",
        "m+emptyx1",
        "m+broken-jsonx1",
        "m+no-usage",
    ],
)
def test_an_agent_with_a_passing_fault_is_asked_again_and_the_run_completes(server: MockModelServer, model: str) -> None:
    run = driven(server, agent=model)
    assert (run.status, run.error_reason) == (Status.COMPLETED, "")
    assert run.total_turns == 3


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("m+429", "429"),
        ("m+500", "500"),
        ("m+401", "API key"),
        ("m+404", "404"),
        ("m+cut", "cut the connection"),
        ("m+hang", "did not answer within 1 s"),
        ("m+broken-json", "JSON that is cut off or broken"),
        ("m+html", "answered HTML"),
        ("m+redirect", "redirect"),
        ("m+empty", "no text"),
        ("m+huge", "8 MiB"),
        ("m+list", "mock/m+list"),
    ],
)
def test_an_agent_with_a_lasting_fault_fails_the_run_with_a_precise_reason(server: MockModelServer, model: str, words: str) -> None:
    run = driven(server, agent=model)
    assert run.status == Status.FAILED
    assert words in run.error_reason
    assert run.model_calls.filter(purpose="agent").exclude(error="").exists()
    assert run.events.order_by("-seq").values_list("type", flat=True)[0] == "final_status"


@pytest.mark.parametrize(
    "model", ["m+wrong-schemax1", "m+prosex1", "m+no-schema", "m+no-schema+no-tools", "m+lengthx1", "m+no-temperature"]
)
def test_a_judge_that_stumbles_over_the_schema_still_gives_scores(server: MockModelServer, model: str) -> None:
    run = driven(server, judge=model)
    assert run.status == Status.COMPLETED
    assert run.score is not None
    assert run.evaluation_result["unscored"] == 0


@pytest.mark.parametrize("model", ["m+wrong-schema", "m+prose", "m+length"])
def test_a_judge_that_never_fills_the_schema_leaves_the_run_unscored_with_the_reason(server: MockModelServer, model: str) -> None:
    run = driven(server, judge=model)
    assert (run.status, run.score) == (Status.COMPLETED, None)
    assert run.evaluation_result["unscored"] == 2
    assert all(item["unscored_reason"] for item in run.evaluation_result["categories"])
    assert run.model_calls.filter(purpose="judge").count() >= 2


def test_a_judge_that_cannot_be_reached_fails_the_run_and_keeps_the_transcript(server: MockModelServer) -> None:
    run = driven(server, judge="m+500")
    assert run.status == Status.FAILED
    assert "mock/m+500" in run.error_reason
    assert run.messages.count() == 6


def test_retries_are_events_of_the_run(server: MockModelServer) -> None:
    run = driven(server, agent="m+429x1")
    retry = run.events.filter(type="retrying").first()
    assert retry is not None
    assert retry.payload["model"] == "mock/m+429x1"


def test_an_unpriced_call_is_counted_and_not_called_free(server: MockModelServer) -> None:
    run = driven(server)
    assert run.unpriced_calls == run.model_calls.count() == 3 + 1 + 1
    assert set(run.model_calls.values_list("price_usd", flat=True)) == {None}
    assert not run.uses_demo


def test_an_endpoint_agent_is_talked_to_with_session_user_and_time(server: MockModelServer) -> None:
    agent = agent_make(project_make(), "Hook", kind=Agent.Kind.WEBHOOK, endpoint_url=server.webhook_url)
    run = driven_with(server, agent)
    assert run.status == Status.COMPLETED
    sent = [body for body in server.requests if "session_id" in body]
    assert sent[0]["session_id"] == f"{run.id}-0"
    assert sent[0]["user_id"] == "u-1"
    assert sent[0]["simulated_at"]
    assert [message["role"] for message in sent[1]["messages"]] == ["user", "assistant", "user"]


def test_an_endpoint_that_answers_html_is_told_so(server: MockModelServer) -> None:
    url = f"{server.url}/v1"
    agent = agent_make(project_make(), "Page", kind=Agent.Kind.OPENAI_ENDPOINT, endpoint_url=url, model="m+html")
    run = driven_with(server, agent)
    assert run.status == Status.FAILED
    assert "answered HTML" in run.error_reason
    assert "is the address right?" in run.error_reason


def test_an_endpoint_with_the_wrong_reply_path_says_what_was_there(server: MockModelServer) -> None:
    agent = agent_make(project_make(), "Hook", kind=Agent.Kind.WEBHOOK, endpoint_url=server.webhook_url, reply_path="data.text")
    run = driven_with(server, agent)
    assert run.status == Status.FAILED
    assert "data.text" in run.error_reason
    assert "reply" in run.error_reason
