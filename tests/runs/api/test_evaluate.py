"""POST evaluate and eval-only: pasted transcripts in OpenAI's shapes, and runs that are judged again."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from agents.models import Agent
from runs.models import EvalRun, Message
from runs.states import Status
from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.api.client import Api, check_contract, locations

SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "tau_bench_sample.jsonl"
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"id": 3}'}}


@pytest.fixture
def evaluate(agent: Agent) -> str:
    return f"/agents/{agent.id}/evaluate"


@pytest.fixture
def eval_only(agent: Agent) -> str:
    return f"/agents/{agent.id}/eval-only"


def said() -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in Message.objects.order_by("index")]


def test_it_stores_a_pasted_conversation_and_says_where_the_result_will_be(owner: Api, evaluate: str, pasted: dict[str, Any]) -> None:
    response = owner.post(evaluate, pasted)
    run = EvalRun.objects.get()
    assert response.status_code == 202
    assert response.json() == {"run_id": str(run.id), "status": "pending"}
    check_contract("EvaluateAcceptedBody", response.json())
    assert owner.client.get(response["Location"], headers=owner.headers).json()["run_id"] == str(run.id)
    assert said() == [("user", "Hi"), ("assistant", "Hello")]
    assert (run.kind, run.total_turns, run.total_sessions) == ("evaluate", 1, 1)


def test_it_takes_openais_tool_calls_null_contents_and_parts(owner: Api, evaluate: str, pasted: dict[str, Any]) -> None:
    pasted["messages"] = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Where is "}, {"type": "text", "text": "my order?"}], "name": "jo"},
        {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None, "annotations": []},
        {"role": "tool", "tool_call_id": "call_1", "name": "look_up", "content": ""},
        {"role": "assistant", "function_call": {"name": "old", "arguments": "{}"}},
        {"role": "assistant", "content": "On its way."},
    ]
    assert owner.post(evaluate, pasted).status_code == 202
    rows = list(Message.objects.order_by("index"))
    assert [row.content for row in rows] == ["Be kind.", "Where is my order?", "", "", "", "On its way."]
    assert rows[1].name == "jo"
    assert rows[2].tool_calls == [CALL]
    assert (rows[3].tool_call_id, rows[3].name) == ("call_1", "look_up")
    assert rows[4].tool_calls == [{"type": "function", "function": {"name": "old", "arguments": "{}"}}]


@pytest.mark.parametrize(
    ("call", "function"),
    [
        ({"function": {"name": "book", "arguments": {"seat": "12Ä"}}}, {"name": "book", "arguments": '{"seat": "12Ä"}'}),
        ({"function": {"name": "now", "arguments": None}}, {"name": "now", "arguments": ""}),
        ({"function": {"name": "now"}}, {"name": "now", "arguments": ""}),
        ({"name": "book", "arguments": "{}"}, {"name": "book", "arguments": "{}"}),
    ],
)
def test_a_tool_call_in_a_looser_shape_is_stored_in_openais(
    owner: Api, evaluate: str, pasted: dict[str, Any], call: dict[str, Any], function: dict[str, Any]
) -> None:
    pasted["messages"].append({"role": "assistant", "tool_calls": [{"id": "c", "type": None, "index": 0, **call}]})
    assert owner.post(evaluate, pasted).status_code == 202
    assert Message.objects.get(index=2).tool_calls == [{"id": "c", "index": 0, "function": function}]


def test_a_message_without_a_session_stays_in_the_one_before(owner: Api, evaluate: str, pasted: dict[str, Any]) -> None:
    pasted["messages"] = [
        {"role": "user", "content": "a", "session_index": 0},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c", "session_index": 1},
        {"role": "assistant", "content": "d"},
    ]
    owner.post(evaluate, pasted)
    assert [message.session_index for message in Message.objects.order_by("index")] == [0, 0, 1, 1]


def test_the_transcript_of_a_run_can_be_pasted_as_it_was_read(owner: Api, evaluate: str, pasted: dict[str, Any]) -> None:
    owner.post(evaluate, pasted)
    transcript = owner.get(f"/eval-runs/{EvalRun.objects.get().id}").json()["transcript"]
    assert owner.post(evaluate, {**pasted, "messages": transcript}).status_code == 202


def test_whatever_else_is_known_of_the_conversation_is_kept(owner: Api, evaluate: str, pasted: dict[str, Any]) -> None:
    told = {
        "user_persona": {"name": "Jo", "shoe_size": 44},
        "simulation_config": {"anything": [1]},
        "simulation_state": '{"diary": []}',
        "provider": "gemini",
        "quality_only": True,
    }
    assert owner.post(evaluate, {**pasted, **told}).status_code == 202
    run = EvalRun.objects.get()
    assert (run.user_persona, run.simulation_config, run.simulation_state) == (told["user_persona"], {"anything": [1]}, {"diary": []})


USER, ASSISTANT = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}


@pytest.mark.parametrize(
    ("messages", "place"),
    [
        ([], "body.messages"),
        (None, "body.messages"),
        ("Hi", "body.messages"),
        ([USER], "body.messages"),
        ([USER, USER], "body.messages"),
        ([USER, {"role": "robot", "content": "beep"}], "body.messages[1].role"),
        ([{"role": ["user"], "content": "Hi"}, ASSISTANT], "body.messages[0].role"),
        ([{"content": "Hi"}, ASSISTANT], "body.messages[0].role"),
        ([{"role": "user", "content": None}, ASSISTANT], "body.messages[0].content"),
        ([{"role": "user", "content": 3}, ASSISTANT], "body.messages[0].content"),
        ([{"role": "user", "content": [{"type": "image_url"}]}, ASSISTANT], "body.messages[0].content[0]"),
        ([USER, {**ASSISTANT, "tool_calls": ["look_up"]}], "body.messages[1].tool_calls[0]"),
        ([USER, {**ASSISTANT, "tool_calls": [{**CALL, "id": ["c"]}]}], "body.messages[1].tool_calls[0].id"),
        ([USER, {**ASSISTANT, "tool_calls": [CALL, {**CALL, "type": 3}]}], "body.messages[1].tool_calls[1].type"),
        ([USER, {**ASSISTANT, "tool_calls": [{"id": "c"}]}], "body.messages[1].tool_calls[0].function"),
        ([USER, {**ASSISTANT, "tool_calls": [{**CALL, "function": None}]}], "body.messages[1].tool_calls[0].function"),
        ([USER, {**ASSISTANT, "tool_calls": [{**CALL, "function": "find"}]}], "body.messages[1].tool_calls[0].function"),
        ([USER, {**ASSISTANT, "tool_calls": [{"function": {"arguments": "{}"}}]}], "body.messages[1].tool_calls[0].function.name"),
        (
            [USER, {**ASSISTANT, "tool_calls": [{"function": {"name": "f", "arguments": [1]}}]}],
            "body.messages[1].tool_calls[0].function.arguments",
        ),
        ([{**USER, "session_index": 1}, {**ASSISTANT, "session_index": 0}], "body.messages[1].session_index"),
        ([{**USER, "session_index": -1}, ASSISTANT], "body.messages[0].session_index"),
        ([USER, {**ASSISTANT, "mood": "good"}], "body.messages[1].mood"),
        ([USER, "Hello"], "body.messages[1]"),
        ([{"role": "user", "content": "a\x00b"}, ASSISTANT], "body.messages[0].content"),
        ([{"role": "user", "content": "\ud800"}, ASSISTANT], "body.messages[0].content"),
    ],
)
def test_a_transcript_that_cannot_be_judged_is_pointed_at(
    owner: Api, evaluate: str, pasted: dict[str, Any], messages: Any, place: str
) -> None:
    assert locations(owner.post(evaluate, {**pasted, "messages": messages})) == [place]
    assert not EvalRun.objects.exists()


def test_an_unknown_role_is_answered_with_the_roles_there_are(owner: Api, evaluate: str, pasted: dict[str, Any]) -> None:
    pasted["messages"][1]["role"] = "robot"
    error = owner.post(evaluate, pasted).json()["errors"][0]
    assert error["message"] == "Must be one of system, user, assistant, tool, not 'robot'."
    assert (error["field"], error["value"], error["code"]) == ("messages[1].role", "robot", "invalid_choice")


def test_a_persona_that_is_a_list_is_refused_here_too(owner: Api, evaluate: str, pasted: dict[str, Any]) -> None:
    assert locations(owner.post(evaluate, {**pasted, "user_persona": ["Jo"]})) == ["body.user_persona"]


def test_every_conversation_of_the_tau_bench_sample_is_accepted(owner: Api, evaluate: str, quality: EvalTemplate) -> None:
    if not SAMPLE.exists():
        pytest.skip("the tau-bench sample is not beside this repository")
    conversations = [json.loads(line)["messages"] for line in SAMPLE.read_text().splitlines()]
    answers = [owner.post(evaluate, {"template_id": str(quality.id), "messages": messages}) for messages in conversations]
    assert [answer.status_code for answer in answers] == [202] * 40
    assert Message.objects.count() == sum(len(messages) for messages in conversations)


@pytest.fixture
def source(owner: Api, agent: Agent) -> EvalRun:
    run = factories.run(project=owner.project, agent=agent, status=Status.COMPLETED)
    factories.conversation(run=run)
    return run


def test_a_run_can_be_judged_again(owner: Api, eval_only: str, source: EvalRun, quality: EvalTemplate, adaptation: EvalTemplate) -> None:
    response = owner.post(eval_only, {"template_id": str(quality.id), "source_run_id": str(source.id)})
    assert response.status_code == 200
    check_contract("RunningBody", response.json())
    again = EvalRun.objects.get(pk=response.json()["run_id"])
    assert (again.kind, again.source_run, again.template, again.adaptation_template) == ("eval_only", source, quality, adaptation)
    assert again.messages.count() == source.messages.count() == 8


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING])
def test_a_run_that_is_not_over_cannot_be_judged_again(
    owner: Api, eval_only: str, source: EvalRun, quality: EvalTemplate, status: str
) -> None:
    EvalRun.objects.update(status=status)
    response = owner.post(eval_only, {"template_id": str(quality.id), "source_run_id": str(source.id)})
    assert response.status_code == 409
    assert response.json()["errors"][0]["location"] == "body.source_run_id"


def test_a_run_without_a_transcript_cannot_be_judged_again(owner: Api, eval_only: str, source: EvalRun, quality: EvalTemplate) -> None:
    source.messages.all().delete()
    assert owner.post(eval_only, {"template_id": str(quality.id), "source_run_id": str(source.id)}).status_code == 409


def test_the_source_run_must_be_one_of_this_agent_and_project(owner: Api, eval_only: str, quality: EvalTemplate) -> None:
    colleague = factories.agent(project=owner.project, name="Colleague")
    other = factories.run(project=owner.project, agent=colleague, status=Status.COMPLETED)
    foreign = factories.run(project=factories.project(), status=Status.COMPLETED)
    for run in (other, foreign):
        response = owner.post(eval_only, {"template_id": str(quality.id), "source_run_id": str(run.id)})
        assert response.status_code == 404
        assert str(run.id) in response.json()["detail"]


def test_a_source_run_that_is_deleted_after_it_was_found_is_not_judged_again(
    owner: Api, eval_only: str, source: EvalRun, quality: EvalTemplate
) -> None:
    def delete_before_the_copy(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("SELECT") and '"runs_message"."index" ASC' in sql:
            Message.objects.filter(run=source).delete()
        return execute(sql, *rest)

    with connection.execute_wrapper(delete_before_the_copy):
        response = owner.post(eval_only, {"template_id": str(quality.id), "source_run_id": str(source.id)})
    assert (response.status_code, response.json()["errors"][0]["location"]) == (404, "body.source_run_id")
    assert list(EvalRun.objects.all()) == [source]


def test_the_id_of_a_source_run_is_a_uuid(owner: Api, eval_only: str, quality: EvalTemplate) -> None:
    assert locations(owner.post(eval_only, {"template_id": str(quality.id), "source_run_id": "7"})) == ["body.source_run_id"]
