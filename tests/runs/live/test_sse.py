"""The event stream as a client sees it: frames, positions, refusals, and the end."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from evalhub.accounts.services import api_key_create
from evalhub.asgi import application
from runs.engine.drain import run_drain
from runs.live.sse import frames
from runs.live.tail import tail
from runs.models import EvalRun
from runs.services import run_cancel
from tests.support.runs import project_make, run_make

pytestmark = pytest.mark.django_db(transaction=True)


def key_make(project: str = "default", scopes: list[str] | None = None) -> str:
    return api_key_create(project=project_make(project), name="test", scopes=scopes)[1]


def finished() -> EvalRun:
    run = run_make()
    run_drain(linger=0)
    run.refresh_from_db()
    return run


async def get(path: str, key: str = "", query: str = "", method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    sent = {"authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    client = ApplicationCommunicator(application, scope)
    await client.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await client.receive_output(5)
    body, more = b"", True
    while more:
        part = await client.receive_output(15)
        body, more = body + part["body"], part.get("more_body", False)
    await client.wait()
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body.decode()


def events_in(body: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]


async def test_a_finished_run_replays_and_ends_with_done() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    status, headers, body = await get(f"/api/v1/eval-runs/{run.id}/events", key)
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    events = events_in(body)
    assert [event["seq"] for event in events] == list(range(run.next_seq))
    assert all(event["run_id"] == str(run.id) for event in events)
    assert events[-1]["type"] == "final_status"
    assert body.endswith("data: [DONE]\n\n")
    assert body.count("[DONE]") == 1


async def test_every_event_has_the_common_keys_and_no_null_in_them() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    _, _, body = await get(f"/api/v1/eval-runs/{run.id}/events", key)
    common = ["type", "run_id", "seq", "message", "session_index", "total_sessions", "total_turns", "total_cost_usd"]
    for event in events_in(body):
        assert all(event[name] is not None for name in common), event


async def test_it_resumes_at_every_number_by_from_and_by_last_event_id() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    path = f"/api/v1/eval-runs/{run.id}/events"
    for first in (0, 1, run.next_seq - 1, run.next_seq):
        _, _, body = await get(path, key, f"from={first}")
        assert [event["seq"] for event in events_in(body)] == list(range(first, run.next_seq))
    _, _, body = await get(path, key, "from=0", last_event_id="3")
    assert events_in(body)[0]["seq"] == 4


async def test_a_stream_that_is_opened_early_gets_all_as_it_happens() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = asyncio.create_task(get(f"/api/v1/eval-runs/{run.id}/events", key))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(run_drain, 0)
    _, _, body = await stream
    types = [event["type"] for event in events_in(body)]
    assert types[0] == "run_started"
    assert types[-1] == "final_status"


async def test_a_cancelled_run_ends_its_stream() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = asyncio.create_task(get(f"/api/v1/eval-runs/{run.id}/events", key))
    await asyncio.sleep(0.1)
    await sync_to_async(run_cancel)(run_id=run.id, project=run.project)
    _, _, body = await stream
    assert events_in(body)[-1]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("status", "query", "change"),
    [
        (401, "", {"key": "sk_wrong"}),
        (404, "", {"project": "other"}),
        (404, "", {"run": "00000000-0000-0000-0000-000000000000"}),
        (404, "", {"run": "not-a-uuid"}),
        (422, "from=-1", {}),
        (422, "from=abc", {}),
        (422, "from=", {}),
        (405, "", {"method": "POST"}),
        (403, "", {"scopes": ["run"]}),
    ],
)
async def test_a_refusal_is_a_problem_in_json(status: int, query: str, change: dict[str, Any]) -> None:
    run = await sync_to_async(finished)()
    key = change.get("key") or await sync_to_async(key_make)(change.get("project", "default"), change.get("scopes"))
    path = f"/api/v1/eval-runs/{change.get('run', run.id)}/events"
    got, headers, body = await get(path, key, query, change.get("method", "GET"))
    assert (got, headers["content-type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["detail"] == problem["message"] == problem["error"]


async def test_a_client_that_goes_away_ends_its_stream() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    headers = [(b"authorization", f"Bearer {key}".encode())]
    scope = {"type": "http", "method": "GET", "path": f"/api/v1/eval-runs/{run.id}/events", "query_string": b"", "headers": headers}
    client = ApplicationCommunicator(application, scope)
    await client.receive_output(5)
    for _ in range(100):  # the watch begins just after the headers
        if tail._watches:
            break
        await asyncio.sleep(0.02)
    assert [watch.run_id for watch in tail._watches] == [run.id]
    await client.send_input({"type": "http.disconnect"})
    await client.wait(5)
    assert not tail._watches


def test_a_large_event_is_split_and_its_pieces_make_the_event_again() -> None:
    event = {"seq": 7, "type": "turn_completed", "content": "ä€😀" * 40_000}
    parts = list(frames(event))
    assert len(parts) > 1
    assert [part.startswith("id: 7\n") for part in parts] == [False] * (len(parts) - 1) + [True]
    bodies = [json.loads(part.split("data: ", 1)[1]) for part in parts]
    assert [body["__chunk"]["index"] for body in bodies] == list(range(len(parts)))
    assert {body["__chunk"]["total"] for body in bodies} == {len(parts)}
    assert json.loads("".join(body["data"] for body in bodies)) == event
    assert all(len(part.encode()) <= 300 * 1024 for part in parts)


def test_a_line_break_in_a_message_cannot_end_a_frame() -> None:
    [frame] = frames({"seq": 0, "content": "a\n\ndata: [DONE]\r\n\u2028"})
    assert frame.count("\n") == 3
    assert len(frame.splitlines()) == 3
