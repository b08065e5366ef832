"""A client of the event stream inside the test's own loop, and a worker that writes events on a connection of its own."""

import json
import threading
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.db import connection, transaction

from evalhub.accounts.services import api_key_create
from evalhub.asgi import application
from runs.engine.drain import run_drain
from runs.events import log
from runs.events.types import Event, FinalStatus, TurnStarted
from runs.models import EvalRun
from runs.states import Status
from tests.support.runs import project_make, run_make

DONE = "data: [DONE]\n\n"


def key_make(project: str = "default", scopes: list[str] | None = None) -> str:
    return api_key_create(project=project_make(project), name="test", scopes=scopes)[1]


def finished() -> EvalRun:
    """A run of the demo models, done."""
    run = run_make()
    run_drain(linger=0)
    run.refresh_from_db()
    return run


def write(run: EvalRun, *events: Event, status: Status | None = None) -> None:
    """Events, and with them perhaps a status, from another connection, as a worker process writes them."""

    def work() -> None:
        with transaction.atomic():
            run.refresh_from_db()
            if status:
                run.status = status
                run.save(update_fields=["status"])
            log.append(run, events)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def write_turns(run: EvalRun, count: int) -> None:
    write(run, *[TurnStarted() for _ in range(count)])


def write_end(run: EvalRun, status: Status = Status.COMPLETED) -> None:
    write(run, FinalStatus(status=status), status=status)


class Opened:
    """A stream that is being read: `text` is what came so far."""

    def __init__(self, path: str, key: str = "", query: str = "", method: str = "GET", **headers: str) -> None:
        sent = {"host": "testserver"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["authorization"] = f"Bearer {key}"
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        self.client = ApplicationCommunicator(application, {**scope, "headers": raw})
        self.status, self.headers, self.text = 0, dict[str, str](), ""

    async def begin(self) -> "Opened":
        await self.client.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await self.client.receive_output(5)
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return self

    async def part(self, seconds: float = 15) -> bool:
        """Read one part of the body. Whether more will follow."""
        part = await self.client.receive_output(seconds)
        self.text += part["body"].decode()
        return bool(part.get("more_body", False))

    async def until_open(self) -> "Opened":
        """Read the first sign of life."""
        await self.part()
        return self

    async def until(self, seq: int) -> "Opened":
        """Read until this event is there."""
        while seq not in self.seqs:
            await self.part()
        return self

    async def rest(self) -> "Opened":
        """Read to the end."""
        while await self.part():
            pass
        await self.client.wait()
        return self

    async def leave(self) -> None:
        await self.client.send_input({"type": "http.disconnect"})
        await self.client.wait(5)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line[6:]) for line in self.text.splitlines() if line.startswith("data: {")]

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for event in self.events]

    @property
    def ended_well(self) -> bool:
        """[DONE] came once, and last."""
        return self.text.endswith(DONE) and self.text.count("[DONE]") == 1


def path_of(run: EvalRun) -> str:
    return f"/api/v1/eval-runs/{run.id}/events"


async def get(path: str, key: str = "", query: str = "", method: str = "GET", **headers: str) -> Opened:
    """The whole answer."""
    return await (await Opened(path, key, query, method, **headers).begin()).rest()
