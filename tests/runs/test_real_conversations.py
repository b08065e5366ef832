"""Forty real customer-service conversations, tool calls and null contents included, judged through the API and shown in the page."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.states import Status
from templates_app.services import system_templates_ensure
from tests import factories
from tests.runs.api.client import Api
from tests.support.runs import agent_make, project_make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conversations(shared: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared / "data" / "tau_bench_sample.jsonl").read_text().splitlines()]


def judge_all(conversations: list[dict[str, Any]]) -> list[EvalRun]:
    project = project_make()
    agent_make(project, "Airline")
    system_templates_ensure()
    api = Api(project)
    [template, *_] = api.get("/eval-templates", type="quality").json()["templates"]
    ids = []
    for conversation in conversations:
        body = {"template_id": template["template_id"], "messages": conversation["messages"]}
        answer = api.post("/agents/Airline/evaluate", body)
        assert answer.status_code == 202, answer.content
        ids.append(answer.json()["run_id"])
    run_drain(linger=0)
    return [EvalRun.objects.get(pk=run_id) for run_id in ids]


def test_all_forty_are_judged_with_a_score_for_every_category(conversations: list[dict[str, Any]]) -> None:
    runs = judge_all(conversations)
    assert len(runs) == 40
    for run, conversation in zip(runs, conversations, strict=True):
        assert (run.status, run.error_reason) == (Status.COMPLETED, "")
        scores = [item["score"] for item in run.evaluation_result["categories"] + run.adaptation_result["categories"]]
        assert len(scores) == 10
        assert all(score is not None for score in scores)
        assert run.evaluation_result["evidence_not_found"] == 0
        assert run.total_turns == sum(message["role"] == "user" for message in conversation["messages"])
    assert len({run.score for run in runs}) > 10, "a judge that gives everybody the same score measures nothing"


def test_what_was_sent_is_what_is_stored(conversations: list[dict[str, Any]]) -> None:
    [run] = judge_all(conversations[:1])
    stored = [
        {"role": row.role, "content": row.content, "name": row.name, "tool_call_id": row.tool_call_id, "tool_calls": row.tool_calls}
        for row in run.messages.order_by("index")
    ]
    sent = [
        {
            "role": message["role"],
            "content": message["content"] or "",
            "name": message.get("name", ""),
            "tool_call_id": message.get("tool_call_id", ""),
            "tool_calls": message.get("tool_calls", []),
        }
        for message in conversations[0]["messages"]
    ]
    assert stored == sent


def test_the_page_folds_tool_calls_and_their_results(conversations: list[dict[str, Any]]) -> None:
    [run] = judge_all(conversations[:1])
    browser = Client()
    browser.force_login(factories.owner(project=run.project))
    page = browser.get(f"/runs/{run.id}/").content.decode()
    calls = run.messages.exclude(tool_calls=[]).count()
    results = run.messages.filter(role="tool").count()
    assert calls > 0
    assert page.count("<details") >= calls + results
    assert "get_user_details" in page
