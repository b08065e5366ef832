"""What is refused arrives as the exception that stands for it, with a sentence that says what is wrong and where."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

sonzai = pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from tests.contract.live.clients import SAID, opened  # noqa: E402
from tests.contract.live.conftest import key  # noqa: E402
from tests.contract.live.place import Place  # noqa: E402
from tests.process.running import Up  # noqa: E402


def test_what_is_not_there_is_named(client: Any, agent: Any, template: Any) -> None:
    missing = str(uuid.uuid4())
    for ask, what in (
        (lambda: client.eval_runs.get(missing), "run"),
        (lambda: client.eval_templates.get(missing), "evaluation template"),
        (lambda: client.agents.get(missing), "agent"),
        (lambda: client.agents.simulate_async(missing), "agent"),
    ):
        with pytest.raises(sonzai.NotFoundError, match=missing) as refused:
            ask()
        assert refused.value.resource == what


def test_a_stream_that_cannot_be_opened_is_refused_like_everything_else(place: Place, client: Any, agent: Any) -> None:
    """Only through the synchronous client: the other one cannot read the refusal of a stream and raises httpx.ResponseNotRead."""
    missing = str(uuid.uuid4())
    run_id = client.agents.simulate_async(agent.agent_id).run_id
    for token, asked in ((place.key, missing), (place.stranger, run_id)):
        for sync in opened("sync", place.url, token):
            with pytest.raises(sonzai.NotFoundError, match=asked) as refused:
                list(sync.eval_runs.stream_events(asked))
            assert refused.value.resource == "run"
    for sync in opened("sync", place.url, "sk_wrong"):
        with pytest.raises(sonzai.AuthenticationError, match="API key"):
            list(sync.eval_runs.stream_events(run_id))


def test_what_is_invalid_is_pointed_at(client: Any, agent: Any, template: Any) -> None:
    messages = [*SAID, {"role": "robot", "content": "Beep."}]
    with pytest.raises(sonzai.ValidationError, match=r"body\.messages\[2\]\.role") as refused:
        client.eval_runs.evaluate_agent(agent.agent_id, messages=messages, template_id=template.template_id)
    [item] = refused.value.errors
    assert (item.field, item.model_extra["location"], item.model_extra["value"]) == ("messages[2].role", "body.messages[2].role", "robot")
    with pytest.raises(sonzai.ValidationError, match=r"at least 2 messages"):
        client.agents.evaluate(agent.agent_id, messages=SAID[:1], template_id=template.template_id)


@pytest.mark.parametrize("wrong", ["sk_wrong", "x"])
def test_a_wrong_key_is_an_authentication_error(form: str, place: Place, wrong: str) -> None:
    for client in opened(form, place.url, wrong):
        with pytest.raises(sonzai.AuthenticationError, match="API key"):
            list(client.eval_runs.list())


def test_a_key_that_may_only_read_is_told_which_scope_it_lacks(reader: Any, agent: Any, template: Any) -> None:
    assert reader.agents.get(agent.agent_id).name == agent.name
    for ask, scope in (
        (lambda: reader.agents.simulate_async(agent.agent_id), "run"),
        (lambda: reader.eval_templates.create(name="Mine"), "write"),
        (lambda: reader.eval_templates.delete(template.template_id), "write"),
        (lambda: reader.agents.update(agent.agent_id, bio="Mine"), "write"),
    ):
        with pytest.raises(sonzai.PermissionDeniedError, match=scope) as refused:
            ask()
        assert refused.value.required_scope == scope


def test_an_agent_id_that_is_taken_is_a_conflict(client: Any, agent: Any, named: Callable[[str], str]) -> None:
    with pytest.raises(sonzai.ConflictError, match=agent.name):
        client.agents.create(name=agent.name, agent_id=str(uuid.uuid4()))


def test_a_run_that_goes_on_cannot_be_judged_again_yet(client: Any, agent: Any, template: Any) -> None:
    sessions = [{"name": str(day), "time_gap_hours": 24, "turns": [{"user_message": "Hi"}] * 20} for day in range(5)]
    started = client.agents.simulate_async(agent.agent_id, sessions=sessions)
    with pytest.raises(sonzai.ConflictError, match="once it is over"):
        client.agents.eval_only_async(agent.agent_id, template_id=template.template_id, source_run_id=started.run_id)
    client.eval_runs.delete(started.run_id)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server that answers three requests a minute, and its data folder."""
    folder: Path = tmp_path_factory.mktemp("strict") / "data"
    running = Up("--no-demo", folder=folder, EVALHUB_API_RATE_LIMIT="3/minute")
    try:
        yield running.ready().url, folder
    finally:
        running.stop()


@pytest.mark.parametrize("shape", ["sync", "async"])
def test_too_many_requests_say_when_to_come_back(strict: tuple[str, Path], shape: str) -> None:
    url, folder = strict
    for client in opened(shape, url, key(folder, shape)):
        for _ in range(3):
            assert list(client.eval_runs.list()) == []
        with pytest.raises(sonzai.RateLimitError, match="3") as refused:
            client.eval_runs.list_eval_runs()
    error = refused.value
    assert (error.limit, error.remaining, error.code) == (3, 0, "rate_limited")
    assert 1 <= error.retry_after <= 60
    assert timedelta(seconds=-2) < error.reset_at - datetime.now() < timedelta(seconds=62)  # noqa: DTZ005  # the client reads it so
