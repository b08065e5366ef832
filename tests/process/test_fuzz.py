"""Requests that nobody thought of, made from the API's own document and sent to a real server.

schemathesis tries examples, limits, random bodies and sequences of requests, valid and invalid, and checks every answer against the
document. What it leaves out (fuzzing/schemathesis.toml says why) is sent here.
"""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.process.running import Up, evalhub
from tests.support.postgres import both_databases

pytestmark = pytest.mark.slow
FUZZING = Path(__file__).parent / "fuzzing"
SEED = 20261122
LEAST = 1000
# Limits and forms of a request are checked before any database sees it, so one database is enough for that phase, the longest.
PHASES = {"sqlite": ("examples,coverage,fuzzing,stateful", 10), "postgres": ("examples,fuzzing,stateful", 60)}
DURABLE_PHASES = {"sqlite": ("coverage,fuzzing", 10), "postgres": ("fuzzing,stateful", 40)}
SERVER = {"EVALHUB_DEMO_DELAY": "0", "EVALHUB_API_RATE_LIMIT": "0", "EVALHUB_API_RUN_RATE_LIMIT": "0"}
ODD_TEXTS = ("\x00", "a\x00b", "\ud800", "\udfff\ud800", "\uffff", "\u202e", "𝕏" * 50, "x" * 110_000)
ODD_VALUES = (*ODD_TEXTS, "", 10**400, -(10**30), 1e308, 2**63, -1, True, None, [], {}, [[[]]], {"": {"\x00": 1}})
ODD_NAMES = ("%00", "%ED%A0%80", "%FF", "..", "%2e%2e%2f", "%0d%0aX-Evil:%201", "a" * 3000, "%F0%9D%95%8F", "'--", "%25s")


@dataclass(frozen=True, slots=True)
class Target:
    """A server with a finished run, and a key that may do everything."""

    up: Up
    key: str
    run: str
    database: str

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of the answer; an answer that is no success must be a problem."""
        with closing(http.client.HTTPConnection(urlsplit(self.up.url).netloc, timeout=60)) as connection:
            connection.request(method, path, body, {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"})
            with connection.getresponse() as response:
                read = response.read()
        assert response.status < 400 or response.headers["Content-Type"] == "application/problem+json", (method, path, read)
        return response.status, read

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.up.get("/api/schema/?format=json").text)
        return found


@pytest.fixture(params=both_databases())
def target(request: pytest.FixtureRequest, up: Callable[..., Up]) -> Target:
    environment = dict(SERVER)
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("database")
    server = up(**environment)
    key = evalhub("create-key", "fuzz", "--data-dir", str(server.folder), **environment).stdout.strip()
    found = re.search(r"/runs/([0-9a-f-]{36})", server.link)
    assert found, "there is no demo run"
    target = Target(server, key, found[1], request.param)
    assert target.ask("GET", f"/api/v1/eval-runs/{target.run}/events")[1].endswith(b"data: [DONE]\n\n"), "the demo run does not end"
    return target


def test_every_answer_is_one_that_the_document_describes(target: Target, tmp_path: Path) -> None:
    _fuzz(target, tmp_path, "/api/schema/?format=json", "schemathesis.toml", PHASES[target.database])


def test_every_answer_of_the_other_dialect_is_one_that_its_document_describes(target: Target, tmp_path: Path) -> None:
    _fuzz(target, tmp_path, "/v1/openapi.json", "durable.toml", DURABLE_PHASES[target.database])


def _fuzz(target: Target, folder: Path, document: str, config: str, how: tuple[str, int]) -> None:
    """All checks of schemathesis, with a fixed seed and without a memory of earlier runs."""
    pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    phases, examples = how
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(FUZZING / config), "run"),
        *(f"{target.up.url}{document}", "--header", f"Authorization: Bearer {target.key}"),
        *("--seed", str(SEED), "--phases", phases, "--max-examples", str(examples)),
        *("--continue-on-failure", "--suppress-health-check", "all"),
        "--no-color",
    ]
    told = {**os.environ, "SCHEMATHESIS_HOOKS": str(FUZZING / "hooks.py"), "EVALHUB_FUZZ_RUN": target.run}
    ended = subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, check=False, timeout=540)
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-2_000:]
    sent = re.search(r"(\d+) generated", ended.stdout)
    assert sent, ended.stdout[-2_000:]
    assert int(sent[1]) >= LEAST
    assert target.up.answers()


def test_characters_numbers_and_names_that_no_database_takes_are_refused_and_break_nothing(target: Target) -> None:
    asked = 0
    for method, path, body in _odd_requests(target.document(), target.run):
        status, _ = target.ask(method, path, body)
        assert status < 500, (method, path[:200], (body or b"")[:500])
        asked += 1
    assert asked >= LEAST
    assert target.up.answers()
    assert target.ask("GET", "/api/v1/eval-runs")[0] == 200


def _odd_requests(document: Mapping[str, Any], run: str) -> Iterator[tuple[str, str, bytes | None]]:
    """Every operation with one odd thing at a time: a name in the path, a value in the query, or a value anywhere in the example's body."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from ((method.upper(), re.sub(r"\{\w+\}", name, path), None) for name in ODD_NAMES if "{" in path)
            there = _example_path(path.replace("{runId}", run), operation)
            queries = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
            for name, odd in ((name, odd) for name in queries for odd in ODD_NAMES):
                yield method.upper(), f"{there}?{name}={odd}", None
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            for odd_body in _odd_bodies(body) if body else ():
                yield method.upper(), there, json.dumps(odd_body).encode()


def _example_path(path: str, operation: Mapping[str, Any]) -> str:
    for each in operation.get("parameters", ()):
        if each["in"] == "path" and "example" in each:
            path = path.replace(f"{{{each['name']}}}", quote(each["example"], safe=""))
    return path


def _odd_bodies(value: Any) -> Iterator[Any]:
    """The same JSON with one odd value, or one odd key, in each of its places."""
    yield from ODD_VALUES
    if isinstance(value, dict):
        yield from ({**value, odd: 1} for odd in ODD_TEXTS)
        for key, inner in value.items():
            yield from ({**value, key: odd} for odd in _odd_bodies(inner))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], odd, *value[index + 1 :]] for odd in _odd_bodies(inner))
