"""The event stream as a client sees it: frames, refusals, who may read, and the end."""

import asyncio
import json
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import Client

from evalhub.accounts.access import Scope
from evalhub.accounts.models import Role
from runs.engine.drain import run_drain
from runs.live import sse
from runs.live.tail import tail
from runs.models import EvalRun
from runs.services import run_cancel
from tests import factories
from tests.runs.live.streams import Opened, finished, get, key_make, path_of, write_turns
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_finished_run_replays_and_ends_with_done() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    stream = await get(path_of(run), key)
    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
    assert stream.seqs == list(range(run.next_seq))
    assert all(event["run_id"] == str(run.id) for event in stream.events)
    assert stream.events[-1]["type"] == "final_status"
    assert stream.ended_well


async def test_every_event_has_the_common_keys_and_no_null_in_them() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    common = ["type", "run_id", "seq", "message", "session_index", "total_sessions", "total_turns", "total_cost_usd"]
    for event in (await get(path_of(run), key)).events:
        assert all(event[name] is not None for name in common), event


async def test_a_stream_that_is_opened_early_gets_all_as_it_happens() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await Opened(path_of(run), key).begin()
    await asyncio.to_thread(run_drain, 0)
    types = [event["type"] for event in (await stream.rest()).events]
    assert (types[0], types[-1]) == ("run_started", "final_status")
    assert stream.ended_well


async def test_a_cancelled_run_ends_its_stream() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await Opened(path_of(run), key).begin()
    await sync_to_async(run_cancel)(run_id=run.id, project=run.project)
    assert (await stream.rest()).events[-1]["status"] == "cancelled"


async def test_a_deleted_run_ends_its_stream_promptly() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    await sync_to_async(write_turns)(run, 2)
    stream = await (await Opened(path_of(run), key).begin()).until(1)
    began = time.monotonic()
    await sync_to_async(EvalRun.objects.filter(pk=run.pk).delete)()
    assert (await stream.rest()).ended_well
    assert time.monotonic() - began < 3
    assert stream.seqs == [0, 1]


async def test_headers_come_at_once_and_signs_of_life_while_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sse.KEEP_ALIVE_SECONDS <= 15  # what the public contract allows
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.2)
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await Opened(path_of(run), key).begin()
    for _ in range(3):
        await stream.part(1)
    await stream.leave()
    assert stream.text == ": still here\n\n" * 3


REFUSALS: list[tuple[int, str, dict[str, Any]]] = [
    (401, "", {"key": "sk_wrong"}),
    (401, "", {"key": None}),
    (404, "", {"project": "other"}),
    (404, "", {"run": "00000000-0000-0000-0000-000000000000"}),
    (404, "", {"run": "not-a-uuid"}),
    (422, "from=-1", {}),
    (422, "from=abc", {}),
    (422, "from=", {}),
    (422, "from=9999999999", {}),
    (405, "", {"method": "POST"}),
    (405, "", {"method": "HEAD"}),
    (403, "", {"scopes": ["run"]}),
]


@pytest.mark.parametrize(("status", "query", "change"), REFUSALS)
async def test_a_refusal_is_a_problem_in_json(status: int, query: str, change: dict[str, Any]) -> None:
    run = await sync_to_async(finished)()
    key = await sync_to_async(key_make)(change.get("project", "default"), change.get("scopes"))
    path = f"/api/v1/eval-runs/{change.get('run', run.id)}/events"
    answer = await get(path, change.get("key", key) or "", query, change.get("method", "GET"))
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = json.loads(answer.text)
    assert set(problem) >= {"type", "title", "status", "detail", "message", "error", "code", "errors"}
    assert problem["status"] == status
    assert problem["detail"] == problem["message"] == problem["error"] != ""
    assert [item["location"] for item in problem["errors"]] == {404: ["path.run_id"], 422: ["query.from"]}.get(status, [])
    assert answer.headers.get("allow") == ("GET" if status == 405 else None)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_last_event_id_that_is_no_number_is_pointed_at() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    answer = await get(path_of(run), key, last_event_id="x")
    assert json.loads(answer.text)["errors"][0]["location"] == "header.Last-Event-ID"


def body_of_404(path: str, key: str) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {key}"}).json()


async def test_a_run_of_another_project_is_refused_in_the_words_of_the_other_endpoints() -> None:
    run, key = await sync_to_async(run_make)(), await sync_to_async(key_make)("other")
    elsewhere = await sync_to_async(body_of_404)(f"/api/v1/eval-runs/{run.id}", key)
    assert json.loads((await get(path_of(run), key)).text) == elsewhere


@pytest.mark.parametrize("wrong", ["", "from=-1"])
async def test_every_answer_to_a_known_key_says_how_often_it_may_still_ask(wrong: str) -> None:
    run, key = await sync_to_async(finished)(), await sync_to_async(key_make)()
    first, second = [await get(path_of(run), key, wrong) for _ in range(2)]
    assert int(first.headers["x-ratelimit-limit"]) > 0
    assert int(second.headers["x-ratelimit-remaining"]) == int(first.headers["x-ratelimit-remaining"]) - 1


def cookie_of(person: User) -> str:
    client = Client()
    client.force_login(person)
    return f"sessionid={client.cookies['sessionid'].value}"


def cookie_of_member(run: EvalRun, role: str) -> str:
    return cookie_of(factories.user(project=run.project, role=role))


@pytest.mark.parametrize("role", Role.values)
async def test_a_member_reads_with_the_session_of_their_browser(role: str) -> None:
    run = await sync_to_async(finished)()
    stream = await get(path_of(run), cookie=await sync_to_async(cookie_of_member)(run, role))
    assert (stream.status, len(stream.events)) == (200, run.next_seq)


async def test_a_strangers_session_finds_no_run() -> None:
    run, person = await sync_to_async(finished)(), await sync_to_async(factories.stranger)()
    assert (await get(path_of(run), cookie=await sync_to_async(cookie_of)(person))).status == 404


async def test_a_wrong_key_is_refused_even_with_a_session() -> None:
    run = await sync_to_async(finished)()
    cookie = await sync_to_async(cookie_of_member)(run, Role.OWNER)
    assert (await get(path_of(run), "sk_wrong", cookie=cookie)).status == 401


async def test_a_key_needs_no_more_than_the_scope_to_read() -> None:
    run, key = await sync_to_async(finished)(), await sync_to_async(key_make)(scopes=[Scope.READ])
    assert (await get(path_of(run), key)).status == 200


async def test_a_client_that_goes_away_is_watched_for_no_longer() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await Opened(path_of(run), key).begin()
    await sync_to_async(write_turns)(run, 1)
    await stream.until(0)
    assert [watch.run_id for watch in tail._watches] == [run.id]
    await stream.leave()
    assert not tail._watches
