"""Requests that models write are checked, sent with the profile's variables and answered; all of it is kept without secrets."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs.models import Batch, EvalRun, Trial
from runs.services import run_cancel
from runs.states import Status
from templates_app.models import EnvProfile
from templates_app.reasons import FailureReason
from tests.runs.engine.trials.conftest import Driven
from tests.support.drains import in_thread, wait_for
from tests.support.item_api import ItemApi, item_api, operation, written
from tests.support.mock_server import MockModelServer
from tests.support.runs import project_make
from tests.support.trials import batch_make, profile, source, target, task_subject

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "s3cret-value-1"


@pytest.fixture
def api() -> Iterator[ItemApi]:
    with item_api() as running:
        yield running


def batch(api: ItemApi, *, env: dict[str, Any] | None = None, judge_model: str = "openai/judge", **asked: Any) -> Batch:
    """Store an item at the API, with a profile that has a token."""
    env = env or profile(project_make(), api.url, TOKEN=SECRET)
    subject = task_subject("rest_api", operation=operation(), judge_model=judge_model, **asked)
    return batch_make([subject], [target()], profiles=[env], source_snapshot=source("rest_api", base_url=api.url))


def failed(trial: Trial) -> list[str]:
    return [check["key"] for check in trial.details["checks"] if not check["passed"]]


def test_a_right_request_is_sent_with_the_values_and_passes(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = written()
    [trial] = driven(batch(api))
    assert (trial.run.status, trial.passed, trial.score, trial.failure_reasons) == (Status.COMPLETED, True, 100.0, [])
    [(method, path, headers, body)] = api.requests
    assert (method, path, body) == ("PUT", "/v1/items/5?notify=true", '{"name": "Lamp"}')
    assert (headers["authorization"], headers["content-type"]) == (f"Bearer {SECRET}", "application/json")
    assert trial.details["exchange"]["response"]["status"] == 200
    assert (trial.latency_ms, trial.tool_calls) == (trial.details["exchange"]["latency_ms"], 1)
    assert trial.details["request"]["headers"] == {"Authorization": "Bearer {{TOKEN}}"}
    assert [line.role for line in trial.run.messages.order_by("index")] == ["user", "assistant", "tool"]
    assert trial.run.events.filter(payload__message="The request is sent: PUT /items/5").exists()


def test_no_value_of_a_variable_is_shown_to_the_model_or_kept(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = written(path="/items/7", body={"name": "{{TOKEN}}"})
    api.answer = {"id": 5, "echo": f"Bearer {SECRET}"}
    [trial] = driven(batch(api))
    assert api.requests[0][3] == f'{{"name": "{SECRET}"}}'
    run = trial.run
    kept = [*run.messages.values_list("content", flat=True), trial.details, list(run.events.values_list("payload", flat=True))]
    kept += [run.simulation_state, openai.requests, list(Batch.objects.values_list("profiles", flat=True))]
    assert SECRET not in str(kept)
    assert trial.details["exchange"]["response"]["body"] == '{"id": 5, "echo": "Bearer {{TOKEN}}"}'
    assert "TOKEN" in run.messages.get(index=0).content


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I would rather not.", FailureReason.INVALID_REQUEST),
        (written(method="POST"), FailureReason.WRONG_METHOD),
        (written(path="/things/5"), FailureReason.WRONG_PATH),
        (written(path="/items/five"), FailureReason.INVALID_PARAMETER),
        (written(query={"loud": 1}), FailureReason.UNKNOWN_PARAMETER),
        (written(body=None), FailureReason.MISSING_BODY),
        (written(body={"title": "Lamp"}), FailureReason.INVALID_BODY),
        (written(headers={}), FailureReason.AUTH),
        (written(headers={"Authorization": "Bearer {{OTHER}}"}), FailureReason.UNKNOWN_VARIABLE),
    ],
)
def test_a_wrong_request_fails_with_its_reason_and_is_not_sent(
    api: ItemApi, openai: MockModelServer, driven: Driven, answer: str, reason: FailureReason
) -> None:
    openai.reply_text = answer
    [trial] = driven(batch(api, expected_behavior="Stores a lamp."))
    assert (trial.run.status, trial.passed, trial.first_reason) == (Status.COMPLETED, False, reason)
    assert trial.score is not None
    assert trial.score < 100
    assert trial.details["exchange"] is None
    assert trial.latency_ms is None  # it is the API's, which was not asked; the model's would be another figure
    assert not api.requests
    assert len(openai.requests) == 1  # what failed already is not judged


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (500, {"id": 5}, FailureReason.STATUS_MISMATCH),
        (401, {"error": "who?"}, FailureReason.AUTH),
        (200, {"id": "five"}, FailureReason.SCHEMA_MISMATCH),
        (302, {}, FailureReason.STATUS_MISMATCH),
    ],
)
def test_a_response_that_is_not_the_documented_one_fails(
    api: ItemApi, openai: MockModelServer, driven: Driven, status: int, answer: Any, reason: FailureReason
) -> None:
    openai.reply_text, api.status, api.answer = written(), status, answer
    api.headers = {"Location": f"{api.url}/elsewhere"} if status == 302 else {}
    [trial] = driven(batch(api))
    assert (trial.run.status, trial.passed, trial.first_reason) == (Status.COMPLETED, False, reason)
    assert len(api.requests) == 1
    passed = sum(check["passed"] for check in trial.details["checks"])
    assert trial.score == round(100 * passed / len(trial.details["checks"]), 1)


def test_an_api_that_is_not_there_is_a_result(openai: MockModelServer, driven: Driven) -> None:
    with item_api() as gone:
        pass
    openai.reply_text = written()
    [trial] = driven(batch(gone))
    assert (trial.run.status, trial.passed, trial.first_reason) == (Status.COMPLETED, False, FailureReason.CONNECTION_FAILED)
    assert failed(trial) == ["response"]


def test_an_address_that_may_not_be_reached_is_a_result(api: ItemApi, openai: MockModelServer, driven: Driven, settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"allow_loopback_out": False})
    openai.reply_text = written()
    [trial] = driven(batch(api))
    assert (trial.run.status, trial.passed, trial.first_reason) == (Status.COMPLETED, False, FailureReason.ADDRESS_REFUSED)
    assert not api.requests


def test_expected_behaviour_is_one_check_more(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.replies = {"gpt-4o-mini": written()}
    api.answer = {"id": 5, "said": "stored a lamp"}
    [trial] = driven(batch(api, expected_behavior="Stores a lamp.", pass_score=71.0))
    assert (trial.passed, trial.first_reason, failed(trial)) == (False, FailureReason.BEHAVIOUR_NOT_MET, ["expected_behavior"])
    count = len(trial.details["checks"])
    assert trial.score == trial.run.score == round(100 * (count - 1) / count, 1)
    assert trial.run.evaluation_result["score"] == 70.0
    assert "stored a lamp" in openai.requests[-1]["messages"][-1]["content"].partition('"role": "tool"')[2]


def test_a_judge_without_a_score_decides_nothing(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.replies = {"gpt-4o-mini": written(), "judge": "No."}
    [trial] = driven(batch(api, expected_behavior="Stores a lamp."))
    assert (trial.run.status, trial.passed, trial.score) == (Status.COMPLETED, None, None)


def test_without_names_of_variables_no_credentials_are_missed(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = written(headers={})
    [trial] = driven(batch(api, include_env_vars=False))
    assert trial.passed is True
    assert "TOKEN" not in trial.run.messages.get(index=0).content


def test_the_path_of_the_base_address_may_be_written_too(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = written(path="/v1/items/5")
    [trial] = driven(batch(api))
    assert trial.passed is True
    assert api.requests[0][1] == "/v1/items/5?notify=true"


@pytest.mark.parametrize("change", [{"variables_server": "http://elsewhere.test:80"}, {"variables_encrypted": "broken"}])
def test_values_only_go_to_the_server_they_were_given_for(
    api: ItemApi, openai: MockModelServer, driven: Driven, change: dict[str, str]
) -> None:
    openai.reply_text = written()
    made = batch(api)
    EnvProfile.objects.update(**change)
    [trial] = driven(made)
    assert (trial.run.status, trial.run.error_code, trial.first_reason) == (Status.FAILED, "profile_missing", FailureReason.PROFILE_MISSING)
    assert not api.requests


def test_moving_an_address_does_not_take_the_values_there(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = written()
    env = profile(project_make(), "https://real.example/v1", TOKEN=SECRET)
    EnvProfile.objects.update(base_url=api.url)
    [trial] = driven(batch(api, env=env | {"base_url": api.url}))
    assert (trial.run.status, trial.first_reason) == (Status.FAILED, FailureReason.PROFILE_MISSING)
    assert "https://real.example:443" in trial.run.error_reason
    assert not api.requests


def test_values_that_were_given_without_an_address_go_to_no_server(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = written()
    [trial] = driven(batch(api, env=profile(project_make(), TOKEN=SECRET)))
    assert (trial.run.status, trial.first_reason) == (Status.FAILED, FailureReason.PROFILE_MISSING)
    assert not api.requests


def test_nobody_elses_profile_is_used(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = written()
    [trial] = driven(batch(api, env=profile(project_make("another"), api.url, TOKEN=SECRET)))
    assert (trial.run.status, trial.first_reason) == (Status.FAILED, FailureReason.PROFILE_MISSING)
    assert not api.requests


def test_what_was_sent_is_not_sent_again_by_the_next_worker(api: ItemApi, openai: MockModelServer, driven: Driven) -> None:
    openai.replies = {"gpt-4o-mini": written()}
    openai.script.push("judge", "401")
    made = batch(api, expected_behavior="Stores a lamp.")
    [trial] = driven(made)
    assert (trial.run.status, trial.first_reason) == (Status.FAILED, FailureReason.MODEL_ERROR)
    # As if the worker had died before the judge answered.
    silent = {"status": Status.RUNNING, "lease_token": uuid.uuid4(), "lease_expires_at": timezone.now() - timedelta(seconds=9)}
    EvalRun.objects.filter(pk=trial.pk).update(**silent)
    api.answer = {"id": "changed"}
    [again] = driven(made)
    assert (again.run.status, again.passed, again.score) == (Status.COMPLETED, True, 100.0)
    assert len(api.requests) == 1
    assert [request["model"] for request in openai.requests] == ["gpt-4o-mini", "judge", "judge"]


def test_cancelling_does_not_wait_for_a_slow_api(api: ItemApi, openai: MockModelServer) -> None:
    openai.reply_text, api.delay_s = written(), 20.0
    trial = Trial.objects.get(batch=batch(api))
    thread = in_thread()
    wait_for(lambda: bool(api.requests))
    run_cancel(run_id=trial.pk, project=trial.project)
    thread.join(5)
    assert not thread.is_alive()
    trial.refresh_from_db()
    assert (EvalRun.objects.get(pk=trial.pk).status, trial.first_reason) == (Status.CANCELLED, FailureReason.CANCELLED)
