"""What becomes of the records of an exchange that takes several requests, or is not waited for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import aiohttp
import pytest
from pydantic import BaseModel

from agents.llm.errors import LLMError, PermanentError
from agents.llm.registry import connect
from agents.llm.types import CANCELLED, CallRecord, ChatMessage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "Good morning")]


class Verdict(BaseModel):
    score: int


class Stop(Exception):
    """What a worker raises that may ask nothing more."""


@dataclass
class Books:
    """Keeps what it is given, and how many requests the server had seen by then."""

    server: MockModelServer
    calls: list[CallRecord] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    async def __call__(self, calls: Sequence[CallRecord]) -> None:
        self.calls += calls
        self.seen.append(len(self.server.requests))
        await asyncio.sleep(0)


async def test_a_request_is_written_down_before_the_next_one_begins(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    books = Books(server)
    server.script.push("mock", "empty", "500", None)
    reply = await connect(make_spec(), http).complete(HELLO, on_calls=books)
    assert books.seen == [1, 2]
    assert [call.attempt for call in (*books.calls, *reply.calls)] == [1, 2, 3]
    assert [bool(call.error) for call in reply.calls] == [False]


async def test_a_repair_is_a_request_of_its_own_and_no_retry(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    books = Books(server)
    server.reply_text = "no JSON"
    with pytest.raises(LLMError) as caught:
        await connect(make_spec(), http).complete(HELLO, schema=Verdict, on_calls=books)
    assert books.seen == [1]
    assert [call.attempt for call in (*books.calls, *caught.value.calls)] == [1, 1]


async def test_a_cancelled_caller_leaves_what_was_paid_for_and_what_was_under_way(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    books = Books(server)
    server.script.push("mock", "empty", "hang")
    task = asyncio.create_task(connect(make_spec(), http).complete(HELLO, on_calls=books))
    while len(server.requests) < 2:  # noqa: ASYNC110  the server has no event for it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    paid, under_way = books.calls
    assert (paid.attempt, paid.has_failed, paid.usage.input_tokens is None) == (1, True, False)
    assert (under_way.attempt, under_way.error, under_way.has_failed, under_way.is_unpriced) == (2, CANCELLED, False, False)


async def test_whoever_may_not_ask_any_more_begins_no_other_request(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    books = Books(server)
    server.script.always("mock", "500")

    async def may_ask() -> None:
        if server.requests:
            raise Stop

    with pytest.raises(Stop):
        await connect(make_spec(), http, may_ask=may_ask).complete(HELLO, on_calls=books)
    assert len(server.requests) == len(books.calls) == 1


async def test_a_failed_commit_of_the_records_ends_the_exchange(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    async def refuse(calls: Sequence[CallRecord]) -> None:
        raise Stop

    server.script.always("mock", "500")
    with pytest.raises(Stop):
        await connect(make_spec(), http).complete(HELLO, on_calls=refuse)
    assert len(server.requests) == 1


async def test_a_finish_reason_that_no_database_takes_is_replaced(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", "odd-reason")
    reply = await connect(make_spec(), http).complete(HELLO)
    assert reply.finish_reason == reply.calls[0].finish_reason == "st\ufffdo\ufffdp"


async def test_an_error_quotes_nothing_that_no_database_takes(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("webhook", "no-content")
    with pytest.raises(PermanentError, match="a\ufffdkey") as caught:
        await connect(make_spec("webhook"), http).complete(HELLO)
    assert "\x00" not in caught.value.calls[0].error + caught.value.message + str(caught.value)


@pytest.mark.parametrize(("kind", "answer"), [("openai", "calls-a-tool"), ("anthropic", "no-content")])
async def test_an_answer_that_is_refused_keeps_its_tokens(
    kind: str, answer: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", answer)
    with pytest.raises(PermanentError) as caught:
        await connect(make_spec(kind), http).complete(HELLO)
    (call,) = caught.value.calls
    assert (call.usage.input_tokens, call.usage.output_tokens, call.has_failed) == (50_000, 4_000, True)
    assert call.is_unpriced  # nobody knows what "mock" costs, but it was bought


async def test_an_answer_that_is_refused_keeps_its_price(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    server.script.always("gpt-4o-mini", "calls-a-tool")
    spec = replace(make_spec(model="gpt-4o-mini"), provider="openai")
    with pytest.raises(PermanentError) as caught:
        await connect(spec, http).complete(HELLO)
    assert caught.value.calls[0].price_usd == Decimal("0.0099")
