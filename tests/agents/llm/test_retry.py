"""Waiting: how long, how often, who is told."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest

from agents.llm.errors import PermanentError, RateLimited, RetryableError
from agents.llm.registry import ModelSpec, RetryNotice, connect
from agents.llm.retry import MAX_SERVER_WAIT_S, SPREAD_S, wait_s
from agents.llm.retry_after import retry_after_s
from agents.llm.types import ChatMessage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_faults import Fault
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "hello")]
SPEC = ModelSpec("p", "m", "openai")
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


async def test_it_retries_a_429_after_the_time_the_server_asked_for(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", Fault("429", retry_after="0.3"))
    started = time.monotonic()
    await connect(make_spec(), http).complete(HELLO)
    assert 0.3 <= time.monotonic() - started < 2


async def test_it_tells_before_each_wait(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    notices: list[RetryNotice] = []

    async def on_retry(notice: RetryNotice) -> None:
        notices.append(notice)

    server.script.push("mock", "500", "429")
    await connect(make_spec(), http, on_retry=on_retry).complete(HELLO)
    assert [(notice.attempt, notice.max_attempts) for notice in notices] == [(1, 3), (2, 3)]
    assert "answered 500: mock error 500" in notices[0].message
    assert all(notice.model == "test/mock" and notice.wait_s >= 0 for notice in notices)


async def test_an_empty_account_is_not_worth_a_wait(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    server.script.always("mock", "quota")
    with pytest.raises(PermanentError, match="exceeded your current quota"):
        await connect(make_spec(), http).complete(HELLO)
    assert len(server.requests) == 1


async def test_one_attempt_means_no_retry(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    server.script.always("mock", "500")
    with pytest.raises(RetryableError) as caught:
        await connect(make_spec(max_attempts=1), http).complete(HELLO)
    assert len(caught.value.calls) == 1


async def test_refusals_do_not_use_up_the_tries_that_faults_have(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", "500", *["429"] * 12, "500")
    reply = await connect(make_spec(patience_s=60.0, retry_cap_s=0.01), http).complete(HELLO)
    assert len(reply.calls) == 15


async def test_a_server_that_refuses_for_good_is_given_up_when_patience_ends(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", "429")
    started = time.monotonic()
    with pytest.raises(RateLimited):
        await connect(make_spec(patience_s=0.5, retry_cap_s=0.05), http).complete(HELLO)
    assert 0.5 <= time.monotonic() - started < 2


async def test_a_long_wait_before_a_second_refusal_is_no_closed_account(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", Fault("429", retry_after="0.3"), Fault("429", retry_after="0"))
    reply = await connect(make_spec(patience_s=0.1), http).complete(HELLO)
    assert len(reply.calls) == 3


async def test_cancelling_during_a_wait_does_not_ask_again(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", Fault("429", retry_after="30"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await connect(make_spec(), http).complete(HELLO)
    assert len(server.requests) == 1


def test_waits_are_spread_from_zero_to_a_ceiling_that_doubles() -> None:
    for attempt, ceiling in ((1, 0.5), (2, 1.0), (5, 8.0), (20, 30.0), (5000, 30.0)):
        waits = [wait_s(SPEC, attempt, RetryableError("busy")) for _ in range(200)]
        assert 0 <= min(waits) < ceiling / 4
        assert ceiling / 2 < max(waits) <= ceiling


def test_a_server_cannot_make_us_wait_for_an_hour() -> None:
    waited = wait_s(SPEC, 1, RetryableError("busy", retry_after=3600))
    assert MAX_SERVER_WAIT_S <= waited <= MAX_SERVER_WAIT_S + SPREAD_S


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Sat, 01 Mar 2025 12:00:10 -0000", 10.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds
