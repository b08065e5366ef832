"""Runs the command as a shell would, and a stand-in for EvalHub's API on loopback that says what a test wants."""

import json
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from evalhub.cli import main
from tests.support.served import served

RUN_ID = "11111111-1111-1111-1111-111111111111"
TEMPLATE_ID = "22222222-2222-2222-2222-222222222222"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`command("create-key", "ci")` is `evalhub create-key ci`."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["evalhub", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return run


def judged(score: float | None = 80.0, **more: Any) -> dict[str, Any]:
    """A completed run as the API shows it."""
    result = {"score": score, "demo": True, "categories": [{"key": "tone", "label": "Tone", "weight": 1, "score": score}]}
    if score is None:
        result["categories"] = [{"key": "tone", "label": "Tone", "weight": 1, "score": None, "unscored_reason": "The judge skipped it."}]
    base = {"run_id": RUN_ID, "agent_name": "Mara", "status": "completed", "total_turns": 4, "total_sessions": 1}
    costs = {"simulation_cost_usd": 0.01, "evaluation_cost_usd": 0.02, "total_cost_usd": 0.03}
    return {**base, **costs, "evaluation_result": result, "adaptation_result": {}, **more}


def event(seq: int, kind: str, **more: Any) -> dict[str, Any]:
    standing = {"session_index": 0, "total_sessions": 1, "total_turns": seq, "total_cost_usd": 0.0}
    return {"type": kind, "run_id": RUN_ID, "seq": seq, "message": "", **standing, **more}


@dataclass
class StandIn:
    """Answers of the stand-in, and what it was asked. `streams` are sent one a connection; a None in a stream cuts it."""

    url: str = ""
    acted: str = "pending"  # the run's status once it was asked to stop or to go on
    run: dict[str, Any] = field(default_factory=judged)
    streams: list[list[dict[str, Any] | None]] = field(default_factory=lambda: [[event(0, "run_started"), event(1, "final_status")]])
    refusals: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    cuts: int = 0  # how many of the next starts are cut before their answer
    bodies: list[dict[str, Any]] = field(default_factory=list)
    idempotency_keys: list[str] = field(default_factory=list)
    asked_from: list[int] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def start_run(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers["Authorization"])
        self.bodies.append(await request.json())
        self.idempotency_keys.append(request.headers["Idempotency-Key"])
        if self.cuts:
            self.cuts -= 1
            assert request.transport
            request.transport.abort()
        if self.refusals:
            status, problem, headers = self.refusals.pop(0)
            return web.json_response(problem, status=status, headers=headers, content_type="application/problem+json")
        return web.json_response({"run_id": RUN_ID, "status": "running"})

    async def act(self, request: web.Request) -> web.Response:
        self.actions.append(request.match_info["action"])
        if self.refusals:
            status, problem, headers = self.refusals.pop(0)
            return web.json_response(problem, status=status, headers=headers, content_type="application/problem+json")
        return web.json_response(self.run | {"status": self.acted})

    async def templates(self, request: web.Request) -> web.Response:
        return web.json_response({"templates": [{"name": "Conversation quality", "template_id": TEMPLATE_ID}]})

    async def show_run(self, request: web.Request) -> web.Response:
        return web.json_response(self.run)

    async def events(self, request: web.Request) -> web.StreamResponse:
        self.asked_from.append(int(request.query["from"]))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        stream = self.streams.pop(0) if len(self.streams) > 1 else self.streams[0]
        for item in stream:
            if item is None:
                assert request.transport
                request.transport.abort()
                return response
            await response.write(f"id: {item['seq']}\ndata: {json.dumps(item)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2**26)
        app.router.add_get("/api/v1/eval-templates", self.templates)
        app.router.add_post("/api/v1/agents/{agent}/{action}", self.start_run)
        app.router.add_post(f"/api/v1/eval-runs/{RUN_ID}/{{action}}", self.act)
        app.router.add_get("/api/v1/eval-runs/{run}", self.show_run)
        app.router.add_get("/api/v1/eval-runs/{run}/events", self.events)
        return app


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in on a free port, named by EVALHUB_URL and EVALHUB_API_KEY as a person would."""
    stand_in = StandIn()
    with served(stand_in.application()) as stand_in.url:
        monkeypatch.setenv("EVALHUB_URL", stand_in.url)
        monkeypatch.setenv("EVALHUB_API_KEY", "sk_test")
        yield stand_in


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
