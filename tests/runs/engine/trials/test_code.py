"""Programs that models write are executed in the sandbox; what they do there is checked, judged and kept."""

import asyncio
import time

import pytest

from agents.sandbox import why_missing
from runs.models import EvalRun, Trial
from runs.services import run_cancel
from runs.states import Status
from templates_app.reasons import FailureReason
from tests.runs.engine.trials.conftest import Driven
from tests.support.drains import in_thread, wait_for
from tests.support.mock_server import MockModelServer
from tests.support.runs import project_make
from tests.support.trials import batch_make, profile, source, target, task_subject

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sandbox() -> None:
    if reason := asyncio.run(why_missing()):
        pytest.skip(reason)


def python(code: str) -> str:
    return f"Here it is:\n\n```python\n{code}\n```\n"


def test_a_program_that_ends_well_passes(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = python("print(6 * 7)\nopen('left.txt', 'w').write('x' * 5)")
    [trial] = driven(batch_make([task_subject()], [target()], source_snapshot=source()))
    assert (trial.run.status, trial.passed, trial.score, trial.failure_reasons) == (Status.COMPLETED, True, 100.0, [])
    ran = trial.details["execution"]
    assert (ran["exit_code"], ran["stdout"], ran["stderr"], ran["sandboxed"]) == (0, "42\n", "", True)
    assert ran["files"] == [{"path": "left.txt", "size": 5}]
    assert trial.details["sandboxed"] is True
    assert (trial.latency_ms, trial.tool_calls) == (ran["latency_ms"], 1)
    lines = trial.run.messages.order_by("index").values_list("role", "name")
    assert list(lines) == [("user", ""), ("assistant", ""), ("tool", "sandbox")]
    assert "42" in trial.run.messages.get(index=2).content
    assert trial.run.events.filter(payload__message="Runs in the sandbox: python3 main.py").exists()


def test_another_exit_code_fails_and_the_output_is_kept(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = python("import sys\nsys.exit('no such widget')")
    [trial] = driven(batch_make([task_subject()], [target()], source_snapshot=source()))
    assert (trial.run.status, trial.passed, trial.score, trial.first_reason) == (Status.COMPLETED, False, 0.0, FailureReason.NONZERO_EXIT)
    assert trial.details["execution"]["stderr"] == "no such widget\n"
    assert trial.details["checks"][0]["detail"] == "The program exited with code 1."


def test_an_answer_without_a_program_fails_and_nothing_runs(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = "```python\n```"
    [trial] = driven(
        batch_make([task_subject(expected_behavior="Works.", judge_model="openai/judge")], [target()], source_snapshot=source())
    )
    assert (trial.passed, trial.first_reason, trial.tool_calls, trial.latency_ms) == (False, FailureReason.NO_ANSWER, 0, None)
    assert len(openai.requests) == 1


def test_the_judge_reads_what_really_happened(openai: MockModelServer, driven: Driven) -> None:
    openai.replies = {"gpt-4o-mini": python("print('a red widget')")}
    subject = task_subject(expected_behavior="Prints a red widget.", judge_model="openai/judge", pass_score=70.0)
    [trial] = driven(batch_make([subject], [target()], source_snapshot=source()))
    assert (trial.passed, trial.score, [each["key"] for each in trial.details["checks"]]) == (
        True,
        70.0,
        ["exit_code", "expected_behavior"],
    )
    asked = openai.requests[-1]["messages"][-1]["content"]
    assert "a red widget" in asked.partition('"role": "tool"')[2]


def test_what_failed_already_is_not_judged(openai: MockModelServer, driven: Driven) -> None:
    openai.replies = {"gpt-4o-mini": python("1 / 0")}
    subject = task_subject(expected_behavior="Divides.", judge_model="openai/judge")
    [trial] = driven(batch_make([subject], [target()], source_snapshot=source()))
    assert (trial.passed, trial.score) == (False, 0.0)
    assert len(openai.requests) == 1


def test_a_command_line_runs_in_a_shell_that_stops_at_the_first_failure(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = "```sh\n$ echo one | tr a-z A-Z\n$ false\n$ echo two\n```"
    [trial] = driven(batch_make([task_subject("cli")], [target()], source_snapshot=source("cli")))
    assert (trial.details["execution"]["stdout"], trial.first_reason) == ("ONE\n", FailureReason.NONZERO_EXIT)


def test_values_of_variables_are_there_for_the_program_and_nowhere_else(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = python("import os, sys\nprint(os.environ['TOKEN'])\nprint(os.environ['TOKEN'][::-1], file=sys.stderr)")
    env = profile(project_make(), TOKEN="s3cret-value-1")
    [trial] = driven(batch_make([task_subject()], [target()], profiles=[env], source_snapshot=source()))
    assert trial.details["execution"]["stdout"] == "{{TOKEN}}\n"
    assert trial.details["execution"]["stderr"] == "1-eulav-terc3s\n"  # what a program hides on purpose it has anyway
    assert "TOKEN" in trial.run.messages.get(index=0).content
    kept = [*trial.run.messages.values_list("content", flat=True), str(trial.details), str(list(trial.run.events.values_list("payload")))]
    assert not any("s3cret-value-1" in text for text in [*kept, str(openai.requests)])


def test_a_profile_that_is_gone_fails_the_run(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = python("print(1)")
    env = profile(project_make(), TOKEN="s3cret-value-1") | {"id": "00000000-0000-0000-0000-000000000001"}
    [trial] = driven(batch_make([task_subject()], [target()], profiles=[env], source_snapshot=source()))
    assert (trial.run.status, trial.run.error_code, trial.first_reason) == (Status.FAILED, "profile_missing", FailureReason.PROFILE_MISSING)
    assert trial.run.messages.count() == 2


def test_output_without_end_is_cut(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = python("for _ in range(3000):\n    print('x' * 1000)")
    [trial] = driven(batch_make([task_subject()], [target()], source_snapshot=source()))
    ran = trial.details["execution"]
    assert (ran["stdout_truncated"], trial.passed) == (True, True)
    assert len(ran["stdout"]) < 21_000
    assert "characters left out" in ran["stdout"]


def test_without_a_sandbox_the_run_fails_and_says_how_to_get_one(
    openai: MockModelServer, driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    openai.reply_text = python("print(1)")
    monkeypatch.setenv("PATH", "/nowhere")
    [trial] = driven(batch_make([task_subject()], [target()], source_snapshot=source()))
    assert (trial.run.status, trial.run.error_code) == (Status.FAILED, "sandbox_unavailable")
    assert trial.first_reason == FailureReason.SANDBOX_UNAVAILABLE
    assert "bubblewrap" in trial.run.error_reason


def test_what_runs_without_one_says_so_in_the_log_and_in_the_result(
    openai: MockModelServer, driven: Driven, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    openai.reply_text = python("print(1)")
    monkeypatch.setenv("PATH", "/nowhere")
    settings.ALLOW_UNSANDBOXED = True  # type: ignore[attr-defined]
    [trial] = driven(batch_make([task_subject()], [target()], source_snapshot=source()))
    assert (trial.passed, trial.details["sandboxed"]) == (True, False)
    assert "without a sandbox" in trial.details["checks"][0]["detail"]
    assert trial.run.events.filter(payload__message__startswith="Runs WITHOUT A SANDBOX").exists()


def test_cancelling_ends_the_program(openai: MockModelServer) -> None:
    openai.reply_text = python("import time\nprint('on', flush=True)\ntime.sleep(60)")
    trial = Trial.objects.get(batch=batch_make([task_subject()], [target()], source_snapshot=source()))
    thread = in_thread()
    wait_for(lambda: trial.run.events.filter(payload__message__startswith="Runs in the sandbox").exists())
    at = time.monotonic()
    run_cancel(run_id=trial.pk, project=trial.project)
    thread.join()
    assert time.monotonic() - at < 5
    trial.refresh_from_db()
    assert (EvalRun.objects.get(pk=trial.pk).status, trial.first_reason) == (Status.CANCELLED, FailureReason.CANCELLED)


def test_a_command_without_a_place_for_the_program_fails_the_run(openai: MockModelServer, driven: Driven) -> None:
    [trial] = driven(batch_make([task_subject()], [target()], source_snapshot=source(command="python3")))
    assert (trial.run.status, trial.run.error_code) == (Status.FAILED, "bad_job")
    assert not openai.requests
