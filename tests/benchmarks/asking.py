"""The requests that are measured, and a client that sends them one at a time on a connection that stays open."""

import http.client
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from evalhub.common.paging import write_cursor
from tests.benchmarks.loading import Loaded

LIST = "/api/v1/eval-runs"
PAGE = 20
SAID = [
    {"role": "user" if number % 2 == 0 else "assistant", "content": f"Line {number} of what was said about lentils and a tin of tomatoes."}
    for number in range(8)
]


@dataclass(frozen=True, slots=True)
class Ask:
    """A kind of request. Rows of the same label are compared between databases; `repeatable` ones carry a new Idempotency-Key each time."""

    label: str
    path: str
    body: dict[str, Any] | None = None
    status: int = 200
    repeatable: bool = False

    @property
    def is_list(self) -> bool:
        return self.label.startswith("list")

    def sent(self) -> tuple[str, bytes | None, dict[str, str]]:
        """Method, body and headers of one request."""
        if self.body is None:
            return "GET", None, {}
        key = {"Idempotency-Key": str(uuid.uuid4())} if self.repeatable else {}
        return "POST", json.dumps(self.body).encode(), {"Content-Type": "application/json", **key}


@dataclass(slots=True)
class Client:
    """A key's connection to a server."""

    url: str
    token: str
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def milliseconds(self, ask: Ask) -> float:
        """From the first byte sent to the last one read. Raises SystemExit for an answer that is not the expected one."""
        method, body, headers = ask.sent()
        begin = time.perf_counter()
        self._connection.request(method, ask.path, body=body, headers={"Authorization": f"Bearer {self.token}", **headers})
        response = self._connection.getresponse()
        answer = response.read()
        taken = (time.perf_counter() - begin) * 1000
        if response.status != ask.status:
            raise SystemExit(f"{method} {ask.path} answered {response.status} instead of {ask.status}: {answer[:300].decode()}")
        return taken

    def json(self, path: str) -> Any:
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        return json.loads(self._connection.getresponse().read())

    def close(self) -> None:
        self._connection.close()


def asks(client: Client, loaded: Loaded) -> list[Ask]:
    """What is asked of one database, reads before writes. The first two are the floor: what every request pays."""
    middle = client.json(_numbered(loaded.runs // 2, limit=1))["runs"][0]
    start = f"/api/v1/agents/{loaded.agent}"
    judge = {"template_id": loaded.template, "messages": SAID, "quality_only": True}
    return [
        Ask("floor: /healthz, no database", "/healthz"),
        Ask("floor: a run that is not there", f"{LIST}/{uuid.UUID(int=0)}", status=404),
        *_pages(client, loaded.runs, "list"),
        *_pages(client, loaded.runs_of_agent, "list of an agent", agent_id=loaded.agent),
        Ask("get", f"{LIST}/{middle['run_id']}"),
        Ask("create: evaluate", f"{start}/evaluate", judge, status=202),
        Ask("create: evaluate, idempotent", f"{start}/evaluate", judge, status=202, repeatable=True),
        Ask("create: run-eval, idempotent", f"{start}/run-eval", {"template_id": loaded.template}, repeatable=True),
    ]


def _pages(client: Client, runs: int, label: str, **query: str) -> Iterator[Ask]:
    """First, middle and last page of both forms."""
    places = {"first": 0, "middle": runs // 2, "last": max(runs - PAGE, 0)}
    for name, place in places.items():
        yield Ask(f"{label}: offset, {name} page", _numbered(place, **query))
    for name, place in places.items():
        yield Ask(f"{label}: cursor, {name} page", f"{LIST}?{urlencode({'page_size': PAGE, **query, **_cursor(client, place, query)})}")


def _numbered(offset: int, *, limit: int = PAGE, **query: str) -> str:
    return f"{LIST}?{urlencode({'limit': limit, 'offset': offset, **query})}"


def _cursor(client: Client, place: int, query: dict[str, str]) -> dict[str, str]:
    """The cursor that leads to a place: of the run just before it."""
    if not place:
        return {}
    before = client.json(_numbered(place - 1, limit=1, **query))["runs"][0]
    return {"cursor": write_cursor(datetime.fromisoformat(before["created_at"]), uuid.UUID(before["run_id"]))}
