"""Every golden exchange (exchange.py says what they are) is sent to the application, and every answer is compared whole."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client, override_settings

from runs.engine.drain import run_drain
from tests.contract.exchange import Variables, cases, frames, needs_threads
from tests.contract.world import World
from tests.runs.api.client import check_contract
from tests.runs.live.streams import get

CASES = dict(cases())
QUICK = [name for name, case in CASES.items() if not needs_threads(case)]
THREADED = [name for name, case in CASES.items() if needs_threads(case)]
EXTRA = {"message", "error", "code", "resource", "required_scope", "instance"}  # of the page, not of the contract's file


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@pytest.mark.django_db
@pytest.mark.parametrize("name", QUICK)
def test_it_answers_as_it_is_written(name: str) -> None:
    act(CASES[name])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", THREADED)
def test_it_streams_and_works_as_it_is_written(name: str) -> None:
    act(CASES[name])


def act(case: dict[str, Any]) -> None:
    world = World()
    world.give(case.get("given", []))
    with override_settings(**case.get("settings", {})):
        for step in case["steps"]:
            if "worker" in step:
                run_drain(linger=0)
            else:
                check(step, answer_to(step, world), world.variables)


def answer_to(step: dict[str, Any], world: World) -> Answer:
    method, _, path = world.variables.fill(step["send"]).partition(" ")
    who = step.get("as", "owner")
    headers = {} if who == "nobody" else {"Authorization": f"Bearer {world.tokens[who]}"}
    headers |= world.variables.fill(step.get("with", {}))
    if path.partition("?")[0].endswith("/events"):
        place, _, query = path.partition("?")
        stream = async_to_sync(get)(f"/api/v1{place}", "", query, method, **{name.lower(): value for name, value in headers.items()})
        return Answer(stream.status, stream.headers, stream.text)
    body = step["raw"] if "raw" in step else json.dumps(world.variables.fill(step["body"])) if "body" in step else ""
    kind = headers.pop("Content-Type", "application/json")
    response = Client().generic(method, f"/api/v1{path}", body, content_type=kind, headers=headers)
    return Answer(response.status_code, dict(response.headers), response.content.decode())


def check(step: dict[str, Any], got: Answer, variables: Variables) -> None:
    assert got.status == step["status"], f"{step['send']}: {got.status} {got.body}"
    check_headers(kind_of(step), got, variables)
    if "stream" in step:
        variables.compare(step["stream"], frames(got.body), "stream")
    else:
        check_body(step, json.loads(got.body), variables)
    check_headers(step.get("headers", {}), got, variables)


def check_body(step: dict[str, Any], body: Any, variables: Variables) -> None:
    variables.compare(step["answer"], body, step["send"])
    if "is" in step:
        check_contract(step["is"], body)
    if step["status"] >= 400:
        check_problem(body, step["status"])


def check_headers(expected: dict[str, str | None], got: Answer, variables: Variables) -> None:
    headers = {name.lower(): value for name, value in got.headers.items()}
    for name, value in expected.items():
        if value is None:
            assert name.lower() not in headers
        else:
            variables.compare(value, headers[name.lower()], name)


def kind_of(step: dict[str, Any]) -> dict[str, str | None]:
    """The Content-Type that an answer has unless its headers say another."""
    if "Content-Type" in step.get("headers", {}):
        return {}
    if "stream" in step:
        return {"Content-Type": "text/event-stream"}
    return {"Content-Type": "application/problem+json" if step["status"] >= 400 else "application/json"}


def check_problem(body: dict[str, Any], status: int) -> None:
    """What holds of every refusal. An item of `errors` without `field` would make a public client drop the whole body."""
    assert body["detail"] == body["message"] == body["error"] != ""
    assert body["status"] == status
    items = [{key: item[key] for key in ("location", "message", "value")} for item in body["errors"] if item["field"]]
    assert len(items) == len(body["errors"])
    check_contract("ErrorModel", {**{key: value for key, value in body.items() if key not in EXTRA}, "errors": items})
