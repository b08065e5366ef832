"""A model behind a gate: every single request takes a place, and waiting for one is not the model's fault."""

import asyncio

import aiohttp
import pytest

from agents.limits import gate as gates
from agents.limits.gate import ProviderGate
from agents.limits.ledger import Grant
from agents.llm.errors import LLMError
from agents.llm.registry import RetryNotice, connect
from agents.llm.types import ChatMessage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_faults import Fault
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "hello")]


def gate_of(places: int | None) -> ProviderGate:
    gate = ProviderGate("provider/x", lambda: None)
    give(gate, places)
    return gate


def give(gate: ProviderGate, places: int | None) -> None:
    held = gate.report().held
    gate.accept(Grant(places, None, max(held, places or 0), 0, 0.0))


async def test_a_request_waits_for_a_place_outside_its_own_time(make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
    gate = gate_of(0)
    asked = asyncio.create_task(connect(make_spec(timeout_s=0.2), http, gate=gate).complete(HELLO))
    await asyncio.sleep(0.4)
    assert not asked.done()
    give(gate, 1)
    reply = await asked
    assert reply.latency_ms < 200
    assert gate.report().in_use == 0


async def test_a_long_wait_is_told_once_a_call(make_spec: MakeSpec, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "NOTICE_SECONDS", 0.02)
    notices: list[RetryNotice] = []

    async def on_retry(notice: RetryNotice) -> None:
        notices.append(notice)

    gate = gate_of(0)
    asked = asyncio.create_task(connect(make_spec(), http, on_retry=on_retry, gate=gate).complete(HELLO))
    await asyncio.sleep(0.1)
    give(gate, 1)
    await asked
    assert [notice.message for notice in notices] == ["test takes no more requests for now; test/mock waits for a free place."]


async def test_nobody_keeps_a_place_while_he_waits_to_try_again(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", Fault("500", retry_after="0.3"))
    gate = gate_of(1)
    first = asyncio.create_task(connect(make_spec(), http, gate=gate).complete(HELLO))
    await server.first_request.wait()
    await asyncio.sleep(0.1)
    await asyncio.wait_for(connect(make_spec(model="other"), http, gate=gate).complete(HELLO), 0.15)
    assert not first.done()
    await first


async def test_a_429_is_reported_and_other_failures_are_not(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    gate = gate_of(None)
    for fault in ("429", "500", "quota", "broken-json"):
        server.script.push("mock", Fault(fault, retry_after="7" if fault == "429" else ""))
        with pytest.raises(LLMError):
            await connect(make_spec(max_attempts=1), http, gate=gate).complete(HELLO)
        if fault == "429":
            report = gate.report()
            assert (report.throttled, report.answers.refused, report.retry_after) == (1, 1, 7.0)
            give(gate, None)
    report = gate.report()
    assert (report.in_use, report.throttled, report.answers.fine) == (0, 0, 0)


async def test_a_cancelled_call_gives_its_place_back(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    server.script.push("mock", "hang")
    gate = gate_of(1)
    asked = asyncio.create_task(connect(make_spec(), http, gate=gate).complete(HELLO))
    await server.first_request.wait()
    asked.cancel()
    await asyncio.wait([asked])
    assert gate.report().in_use == 0
