"""`evalhub eval-runs create|retrieve` against a stand-in that answers as /v1 does."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalhub.cli.durable import Thresholds, verdict
from tests.evalhub.cli.conftest import Command
from tests.support.served import served

ID = "eval_run_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
COUNTS = {"queued": 0, "running": 0, "completed": 0, "failed": 0, "cancelled": 0, "interrupted": 0}
PAGE = "/batches/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/"
OVERALL = {"n": 4, "judged": 4, "passed": 3, "pass_rate": 0.75, "mean_score": 81.5}


def run(status: str = "completed", **more: Any) -> dict[str, Any]:
    """The answer of /v1/eval-runs/{id}; counts are given by name."""
    counts = {key: more.pop(key) for key in list(more) if key in COUNTS} or {"completed": 4}
    total = sum(counts.values())
    progress = COUNTS | counts | {"total": total, "percent": 100.0}
    base = {"id": ID, "type": "prompts", "source_type": "prompts", "status": status, "stage": "done", "error": None}
    return base | {"progress": progress, "summary": {"overall": OVERALL}, "actual_cost": 0.5} | more


def child(position: int, **more: Any) -> dict[str, Any]:
    base = {"id": f"00000000-0000-0000-0000-{position:012}", "status": "completed", "passed": True, "score": 100.0, "error": None}
    endpoint = {"id": "e", "method": "GET", "path": f"/items/{position}"}
    return base | {"endpoint": endpoint, "platform": "openai", "model": "gpt", "failure_reasons": [], "latency_ms": 1500} | more


@dataclass
class Durable:
    """What the stand-in answers, one state a look, and what it was sent."""

    url: str = ""
    states: list[dict[str, Any]] = field(default_factory=lambda: [run()])
    children: list[dict[str, Any]] = field(default_factory=list)
    refusal: tuple[int, Any] | None = None
    bodies: list[Any] = field(default_factory=list)
    looks: int = 0

    async def create(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer sk_test"
        self.bodies.append(await request.json())
        if self.refusal:
            return web.json_response({"detail": self.refusal[1]}, status=self.refusal[0])
        return web.json_response(run("pending", stage="queued", queued=4, summary=None, actual_cost=None))

    async def show(self, request: web.Request) -> web.Response:
        self.looks += 1
        if self.refusal:
            return web.json_response({"detail": self.refusal[1]}, status=self.refusal[0])
        return web.json_response(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    async def listed(self, request: web.Request) -> web.Response:
        after, size = int(request.query["after"]), 2
        page = self.children[after + 1 : after + 1 + size]
        following = after + size if after + size + 1 < len(self.children) else None
        return web.json_response({"data": page, "meta": {"limit": size, "count": len(page), "next": following}})

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/eval-runs", self.create)
        app.router.add_get("/v1/eval-runs/{id}", self.show)
        app.router.add_get("/v1/eval-runs/{id}/runs", self.listed)
        return app


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Durable]:
    """The stand-in, named by EVALHUB_URL and EVALHUB_API_KEY as a person would."""
    stand_in = Durable()
    with served(stand_in.application()) as stand_in.url:
        monkeypatch.setenv("EVALHUB_URL", stand_in.url)
        monkeypatch.setenv("EVALHUB_API_KEY", "sk_test")
        yield stand_in


def test_it_starts_a_run_and_prints_the_answer_without_waiting(command: Command, durable: Durable) -> None:
    ended = command("eval-runs", "create", "--request", '{"type": "prompts"}')
    assert (ended.code, durable.bodies, durable.looks) == (0, [{"type": "prompts"}], 0)
    assert json.loads(ended.out)["status"] == "pending"


def test_a_request_can_be_in_a_file(command: Command, durable: Durable, tmp_path: Path) -> None:
    (tmp_path / "nightly.json").write_text('{"type": "prompts", "force": true}')
    ended = command("eval-runs", "create", "--request", f"@{tmp_path / 'nightly.json'}")
    assert (ended.code, durable.bodies) == (0, [{"type": "prompts", "force": True}])


@pytest.mark.parametrize(
    ("request_text", "sentence"),
    [
        ("{", "--request: line 1, column 2: Expecting property name enclosed in double quotes."),
        ("[1]", '--request: must be a JSON object, such as {"type": "prompts"}.'),
        ("@no-such-file", "no-such-file cannot be read: No such file or directory."),
        ("[" * 100_000, "--request: nested too deeply."),
    ],
)
def test_a_request_that_cannot_be_read_is_one_sentence_and_asks_nothing(
    command: Command, durable: Durable, request_text: str, sentence: str
) -> None:
    ended = command("eval-runs", "create", "--request", request_text)
    assert (ended.code, ended.err.strip()) == (2, f"evalhub: {sentence}")
    assert not durable.bodies


def test_wait_follows_the_run_to_its_end_and_prints_only_that(command: Command, durable: Durable) -> None:
    durable.states = [run("running", stage="running", queued=2, running=1, completed=1), run("summarizing", completed=4), run()]
    ended = command("eval-runs", "create", "--request", '{"type": "prompts"}', "--wait")
    assert (ended.code, durable.looks) == (0, 3)
    assert ended.err == f"completed: 3 of 4 passed (75 %), mean score 81.5, $0.5000. {durable.url}{PAGE}\n"
    assert json.loads(ended.out)["status"] == "completed"


def test_a_failed_run_ends_with_one_and_its_reason(command: Command, durable: Durable) -> None:
    durable.states = [run("failed", failed=4, error="All 4 children failed, most often with model_error.")]
    ended = command("eval-runs", "retrieve", "--eval-run-id", ID, "--watch")
    told, why = ended.err.splitlines()
    assert (ended.code, why) == (1, "The eval run is failed: All 4 children failed, most often with model_error.")
    assert "4 without a result" in told
    assert json.loads(ended.out)["id"] == ID


def test_retrieve_prints_a_run_that_is_under_way_and_ends_with_zero(command: Command, durable: Durable) -> None:
    durable.states = [run("running", queued=4)]
    ended = command("eval-runs", "retrieve", "--eval-run-id", ID)
    assert (ended.code, durable.looks, json.loads(ended.out)["status"]) == (0, 1, "running")


def test_a_missed_threshold_ends_with_one(command: Command, durable: Durable) -> None:
    ended = command("eval-runs", "retrieve", "--eval-run-id", ID, "--min-pass-rate", "80")
    assert (ended.code, ended.err.splitlines()[1]) == (1, "The pass rate 75.0 % is below the threshold of 80 %.")


@pytest.mark.parametrize(
    ("limits", "changed", "sentences"),
    [
        (Thresholds(min_pass_rate=75, min_score=81.5, max_failed=0, max_cost=0.5), {}, []),
        (Thresholds(min_score=82), {}, ["The mean score 81.5 is below the threshold of 82."]),
        (Thresholds(max_cost=0.25), {}, ["It cost $0.5000, more than $0.25."]),
        (
            Thresholds(max_cost=1),
            {"actual_cost": None},
            ["What it cost is not known, since a model has no price; at most $1 was asked for."],
        ),
        (Thresholds(max_failed=1), {"completed": 2, "failed": 2}, ["2 children could not be carried out; 1 are allowed."]),
        (
            Thresholds(min_pass_rate=1),
            {"summary": {"overall": {"pass_rate": None}}},
            ["The pass rate is not known, since no child passed or failed; at least 1 % was asked for."],
        ),
        (Thresholds(), {"status": "cancelled"}, ["The eval run is cancelled: no reason was given"]),
    ],
)
def test_thresholds_are_met_or_say_why_not(limits: Thresholds, changed: dict[str, Any], sentences: list[str]) -> None:
    assert verdict(run(**changed), limits) == sentences


@pytest.mark.parametrize(
    ("status", "detail", "sentence"),
    [
        (404, "Eval run not found", "EvalHub refused this: Eval run not found"),
        (422, [{"loc": ["body", "type"], "msg": "Field required", "type": "missing"}], "EvalHub refused this: body.type: Field required\n"),
    ],
)
def test_a_refusal_is_the_servers_own_sentence(command: Command, durable: Durable, status: int, detail: Any, sentence: str) -> None:
    durable.refusal = (status, detail)
    ended = command("eval-runs", "retrieve", "--eval-run-id", ID, "--watch")
    assert ended.code == 2
    assert ended.err.startswith(f"evalhub: {sentence}")


def test_the_place_of_a_refused_field_is_said(command: Command, durable: Durable) -> None:
    durable.refusal = (422, [{"loc": ["body", "targets", 0, "model_id"], "msg": "Field required", "type": "missing"}])
    assert "body.targets.0.model_id" in command("eval-runs", "create", "--request", "{}").err


def test_the_junit_report_tells_failures_from_errors_and_what_was_not_judged(command: Command, durable: Durable, tmp_path: Path) -> None:
    durable.children = [
        child(0),
        child(1, passed=False, score=50.0, failure_reasons=["status_mismatch"], profile="staging"),
        child(2, status="failed", passed=None, error="The model\x00 answered 500.", failure_reasons=["model_error"]),
        child(3, status="cancelled", passed=None),
        child(4, passed=None, model="other", endpoint={"id": "p", "description": "Which <is> best?"}),
    ]
    path = tmp_path / "report.xml"
    assert command("eval-runs", "retrieve", "--eval-run-id", ID, "--junit", str(path)).code == 0
    report = ET.fromstring(path.read_text())
    suites = {suite.get("name"): suite for suite in report.iter("testsuite")}
    counted = [
        (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped"))
        for suite in suites.values()
    ]
    assert counted == [("openai/gpt", "4", "1", "1", "1"), ("openai/other", "1", "0", "0", "1")]
    cases = {case.get("name"): case for case in report.iter("testcase")}
    assert set(cases) == {"GET /items/0", "GET /items/1 [staging]", "GET /items/2", "GET /items/3", "Which <is> best?"}
    failure, error = cases["GET /items/1 [staging]"].find("failure"), cases["GET /items/2"].find("error")
    assert failure is not None
    assert error is not None
    assert (failure.get("message"), failure.get("type")) == ("status_mismatch (score 50 of 100)", "status_mismatch")
    assert (error.get("message"), error.get("type")) == ("The model� answered 500.", "model_error")
    assert cases["GET /items/0"].findtext("system-out") == f"{durable.url}/runs/00000000-0000-0000-0000-000000000000/"


@pytest.mark.parametrize(("name", "why"), [("no/report.xml", "No such file or directory"), ("", "Is a directory")])
def test_a_report_that_has_nowhere_to_go_is_said_before_anything_is_started(
    command: Command, durable: Durable, tmp_path: Path, name: str, why: str
) -> None:
    ended = command("eval-runs", "create", "--request", "{}", "--junit", str(tmp_path / name))
    assert (ended.code, durable.bodies) == (2, [])
    assert f"cannot be written: {why}." in ended.err
