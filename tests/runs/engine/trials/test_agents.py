"""Coding agents work in the sandbox; what they print is the answer, and what they leave is listed."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from agents.sandbox import why_missing
from runs.engine.trials.asking import job_of
from runs.models import EvalRun, Mention, Trial
from runs.states import Status
from templates_app.reasons import FailureReason
from tests.runs.engine.trials.conftest import Driven
from tests.support.fake_agent import installed
from tests.support.item_api import item_api, operation, written
from tests.support.mock_server import MockModelServer
from tests.support.runs import project_make
from tests.support.trials import batch_make, custom_subject, harness, profile, prompt_subject, source, target, task_subject

pytestmark = pytest.mark.django_db(transaction=True)
COMMAND = "fake-agent --model {model} {prompt}"


@pytest.fixture(autouse=True)
def _sandbox() -> None:
    if reason := asyncio.run(why_missing()):
        pytest.skip(reason)


@pytest.fixture
def agent(settings: Any) -> Iterator[Any]:
    """Install an agent that does these steps."""
    opened = []

    def install(steps: Sequence[dict[str, Any]], name: str = "fake-agent") -> Path:
        context = installed(steps, name=name)
        opened.append(context)
        folder = context.__enter__()
        settings.SANDBOX_READ_ONLY = (str(folder),)
        return folder

    yield install
    for context in opened:
        context.__exit__(None, None, None)


def fake(**given: Any) -> Any:
    return target("fake-agent/large", harness=harness(COMMAND, **given))


def claude_code() -> Any:
    return target("claude-code/opus", harness=harness("", name="claude-code", built_in=True))


def test_what_it_prints_is_the_answer_and_what_it_leaves_is_listed(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"say": "Made {arguments}"}, {"write": ["src/app.py", "print(1)"]}, {"complain": "a warning"}])
    [trial] = driven(batch_make([task_subject()], [fake()], source_snapshot=source()))
    assert (trial.run.status, trial.passed, trial.score) == (Status.COMPLETED, True, 100.0)
    task, answer, worked = trial.run.messages.order_by("index")
    assert "Make an item." in task.content
    assert answer.content.startswith('Made ["--model", "large", "Use the library Widgets')
    assert (worked.role, worked.name) == ("tool", "sandbox")
    assert trial.details["execution"]["files"] == [{"path": "src/app.py", "size": 8}]
    assert trial.details["execution"]["stderr"] == "a warning\n"
    assert trial.latency_ms == trial.details["execution"]["latency_ms"]


def test_what_it_spent_is_a_call_without_a_price(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"say": "Done."}])
    [trial] = driven(batch_make([task_subject()], [fake()], source_snapshot=source()))
    [call] = trial.run.model_calls.all()
    assert (call.purpose, call.model, call.price_usd, call.finish_reason) == ("agent", "fake-agent/large", None, "exited")
    assert trial.run.unpriced_calls == 1


def test_one_that_breaks_down_fails_and_is_not_judged(agent: Any, openai: MockModelServer, driven: Driven) -> None:
    agent([{"say": "Acme"}, {"exit": 3}])
    [trial] = driven(batch_make([custom_subject(expected_behavior="Works.")], [fake()]))
    assert (trial.run.status, trial.passed, trial.first_reason) == (Status.COMPLETED, False, FailureReason.NONZERO_EXIT)
    assert not openai.requests


def test_one_that_takes_too_long_is_stopped(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"say": "Acme is"}, {"sleep": 60}])
    [trial] = driven(batch_make([prompt_subject()], [fake(timeout_seconds=1)]))
    assert (trial.run.status, trial.passed, trial.first_reason) == (Status.COMPLETED, False, FailureReason.EXECUTION_TIMEOUT)
    assert not Mention.objects.exists()


def test_its_work_is_judged_with_what_really_happened(agent: Any, openai: MockModelServer, driven: Driven) -> None:
    agent([{"say": "I made it."}, {"write": ["made.txt", "x"]}])
    [trial] = driven(batch_make([custom_subject(expected_behavior="Makes a file.")], [fake()]))
    assert (trial.passed, trial.score) == (True, 70.0)
    assert "made.txt" in openai.requests[-1]["messages"][-1]["content"]


def test_it_answers_prompts_as_an_answer_engine_does(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"say": "Acme, see https://acme.test/a"}])
    [trial] = driven(batch_make([prompt_subject()], [fake()]))
    assert (trial.passed, trial.score) == (None, None)
    assert Mention.objects.get().platform == "fake-agent"
    assert [each["domain"] for each in trial.details["citations"]] == ["acme.test"]


def test_variables_are_there_for_it_and_masked_in_what_is_kept(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"variable": "API_TOKEN"}, {"variable": "OTHER"}])
    env = profile(project_make(), API_TOKEN="s3cret-value-1", OTHER="another-secret")
    [trial] = driven(batch_make([custom_subject(judge_model="demo/judge")], [fake(environment_names=["API_TOKEN"])], profiles=[env]))
    assert trial.run.messages.get(index=1).content == "{{API_TOKEN}}\n(not set)\n"
    assert "s3cret-value-1" not in str(trial.details)


def test_one_that_is_not_there_fails_the_run(driven: Driven, transactional_db: None) -> None:
    missing = target("nobody/x", harness=harness("no-such-agent {prompt}", name="nobody"))
    [trial] = driven(batch_make([custom_subject(judge_model="demo/judge")], [missing]))
    assert (trial.run.status, trial.run.error_code, trial.first_reason) == (Status.FAILED, "agent_missing", FailureReason.MODEL_ERROR)
    assert "EVALHUB_SANDBOX_READ_ONLY" in trial.run.error_reason


@pytest.mark.parametrize(("head", "mode", "said"), [("#!/usr/bin/env no-such-node\n", 0o755, "no-such-node"), ("", 0o644, "denied")])
def test_one_that_cannot_be_started_says_what_was_said(agent: Any, head: str, mode: int, said: str, driven: Driven) -> None:
    program = agent([]) / "bin" / "fake-agent"
    program.write_text(head + program.read_text())
    program.chmod(mode)
    [trial] = driven(batch_make([custom_subject(judge_model="demo/judge")], [fake()]))
    assert (trial.run.status, trial.run.error_code) == (Status.FAILED, "agent_missing")
    assert said in trial.run.error_reason


def test_a_command_that_cannot_be_used_fails_the_run(driven: Driven, transactional_db: None) -> None:
    broken = target("nobody/x", harness=harness("agent --quiet", name="nobody"))
    [trial] = driven(batch_make([custom_subject(judge_model="demo/judge")], [broken]))
    assert (trial.run.status, trial.run.error_code) == (Status.FAILED, "bad_job")
    assert "{prompt}" in trial.run.error_reason


def test_work_that_is_committed_is_not_done_again(agent: Any, openai: MockModelServer, driven: Driven) -> None:
    agent([{"say": "First."}])
    batch = batch_make([custom_subject(expected_behavior="Works.")], [fake()])
    openai.script.push("judge", "401")
    [trial] = driven(batch)
    assert trial.run.status == Status.FAILED
    state = trial.run.simulation_state
    # As if the worker had died before the judge answered, and the agent would do something else now.
    agent([{"say": "Second."}])
    silent = {"status": Status.RUNNING, "lease_token": uuid.uuid4(), "lease_expires_at": timezone.now() - timedelta(seconds=9)}
    EvalRun.objects.filter(pk=trial.pk).update(**silent)
    Trial.objects.update(finished_at=None)
    assert state["found"]["sandbox"]["stdout"] == "First.\n"
    [again] = driven(batch)
    assert (again.run.status, again.passed) == (Status.COMPLETED, True)
    assert again.run.messages.get(index=1).content == "First.\n"
    assert again.run.messages.count() == 3
    assert again.run.model_calls.filter(purpose="agent").count() == 1


def test_for_an_api_it_prints_the_request_and_evalhub_sends_it(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"variable": "TOKEN"}, {"say": written()}])
    with item_api() as api:
        env = profile(project_make(), api.url, TOKEN="s3cret-value-1")
        subject = task_subject("rest_api", operation=operation())
        [trial] = driven(batch_make([subject], [fake()], profiles=[env], source_snapshot=source("rest_api", base_url=api.url)))
        assert (trial.passed, trial.score) == (True, 100.0)
        assert api.requests[0][2]["authorization"] == "Bearer s3cret-value-1"
    assert [line.name for line in trial.run.messages.order_by("index")] == ["", "", "sandbox", "http"]
    assert trial.details["execution"]["exit_code"] == 0
    assert trial.details["exchange"]["response"]["status"] == 200
    assert "s3cret-value-1" not in str([trial.details, list(trial.run.messages.values_list("content"))])


def test_the_built_in_ones_get_their_own_command_lines_and_hosts() -> None:
    job = job_of(harness("", name="codex", built_in=True), "-do it", "gpt-5", {"CODEX_API_KEY": "k"}, ("api.test",))
    assert (job.argv[0], job.argv[-1]) == ("codex", "-do it")
    assert job.env == {"CODEX_API_KEY": "k"}
    assert job.allowed_hosts == ("api.openai.com", "api.test")


ENVIRONMENT = {"ANTHROPIC_API_KEY": "sk-of-the-agent", "CLAUDE_CODE_MAX_RETRIES": "retries-3", "API_TOKEN": "s3cret-value-1"}
SEEN = [{"variable": name} for name in ENVIRONMENT]


def test_a_built_in_one_that_works_has_its_settings_and_what_the_work_needs(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent(SEEN, name="claude")
    env = profile(project_make(), **ENVIRONMENT)
    [trial] = driven(batch_make([custom_subject(judge_model="demo/judge")], [claude_code()], profiles=[env]))
    assert trial.run.messages.get(index=1).content.split() == ["{{ANTHROPIC_API_KEY}}", "{{CLAUDE_CODE_MAX_RETRIES}}", "{{API_TOKEN}}"]


def test_a_built_in_one_that_only_answers_has_nothing_but_its_own(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent(SEEN, name="claude")
    env = profile(project_make(), **ENVIRONMENT)
    [trial] = driven(batch_make([prompt_subject()], [claude_code()], profiles=[env]))
    assert trial.run.messages.get(index=1).content.splitlines() == [
        *("{{ANTHROPIC_API_KEY}}", "{{CLAUDE_CODE_MAX_RETRIES}}", "(not set)"),
    ]


@pytest.mark.parametrize("variables", [None, {"API_TOKEN": "s3cret-value-1", "ANTHROPIC_API_KEY": ""}])
def test_a_built_in_one_without_an_account_is_not_started(agent: Any, variables: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"say": "Not logged in"}, {"exit": 1}], name="claude")
    profiles = [] if variables is None else [profile(project_make(), **variables)]
    [trial] = driven(batch_make([custom_subject(judge_model="demo/judge")], [claude_code()], profiles=profiles))
    assert (trial.run.status, trial.passed, trial.first_reason) == (Status.FAILED, None, FailureReason.PROFILE_MISSING)
    assert "ANTHROPIC_API_KEY" in trial.run.error_reason


def test_it_is_told_of_no_variable_that_it_is_not_given(agent: Any, driven: Driven, transactional_db: None) -> None:
    agent([{"say": "Done."}])
    env = profile(project_make(), API_TOKEN="s3cret-value-1", OTHER="another-secret")
    [trial] = driven(batch_make([task_subject()], [fake(environment_names=["OTHER"])], profiles=[env], source_snapshot=source()))
    assert "These environment variables are set: OTHER\n" in trial.run.messages.get(index=0).content


def test_without_a_sandbox_the_run_fails(agent: Any, driven: Driven, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    agent([{"say": "Done."}])
    monkeypatch.setenv("PATH", "/nowhere")
    [trial] = driven(batch_make([task_subject()], [fake()], source_snapshot=source()))
    assert (trial.run.status, trial.first_reason) == (Status.FAILED, FailureReason.SANDBOX_UNAVAILABLE)
