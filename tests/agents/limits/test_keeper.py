"""Gates over the database: two workers with books in common, as the drain opens them."""

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from agents.limits.gate import ProviderGate
from agents.limits.keeper import Gates
from agents.limits.keys import environment_key, provider_key
from agents.llm.errors import RateLimited
from agents.llm.gate import Outcome, through
from agents.llm.retry import with_retries
from agents.llm.spec import ModelSpec
from agents.models import ModelProvider, ProviderLoad, ProviderShare
from runs.engine.journal import Journal
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Server:
    """Counts what is open, and whose requests were answered."""

    open: int = 0
    most: int = 0
    answered: dict[str, int] = field(default_factory=dict)

    async def ask(self, who: str) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.02)
        self.open -= 1
        self.answered[who] = self.answered.get(who, 0) + 1


async def silent() -> None:
    return None


def limited(**limits: int) -> str:
    row = ModelProvider.objects.create(project=factories.project(), name="mine", base_url="http://127.0.0.1:1/v1", **limits)
    return provider_key(row.pk)


async def asking(gate: ProviderGate | None, server: Server, who: str, count: int) -> None:
    assert gate
    await asyncio.gather(*(through(gate, lambda: server.ask(who), silent) for _ in range(count)))


def test_two_workers_keep_one_limit_use_all_of_it_and_both_get_on() -> None:
    key, server = limited(max_concurrent=5), Server()

    async def work() -> None:
        with Journal() as one, Journal() as two:
            async with Gates(one.call) as first, Gates(two.call) as second:
                await asyncio.gather(asking(first.of(key, 5.0), server, "first", 200), asking(second.of(key, 5.0), server, "second", 200))

    asyncio.run(work())
    assert server.most == 5
    assert server.answered == {"first": 200, "second": 200}
    assert not ProviderShare.objects.exists(), "an orderly end gives everything back"


def test_one_place_goes_round_between_two_workers() -> None:
    key, server = limited(max_concurrent=1), Server()

    async def work() -> None:
        with Journal() as one, Journal() as two:
            async with Gates(one.call) as first, Gates(two.call) as second:
                long = asyncio.create_task(asking(first.of(key, 5.0), server, "first", 10_000))
                await asyncio.sleep(0.3)
                await asyncio.wait_for(asking(second.of(key, 5.0), server, "second", 3), 10)
                long.cancel()
                await asyncio.wait([long])

    asyncio.run(work())
    assert server.most == 1
    assert server.answered["second"] == 3


def test_requests_begin_no_faster_than_the_limit() -> None:
    key, server = limited(requests_per_minute=600), Server()
    began = time.monotonic()

    async def work() -> None:
        with Journal() as one, Journal() as two:
            async with Gates(one.call) as first, Gates(two.call) as second:
                await asyncio.gather(asking(first.of(key, 5.0), server, "first", 20), asking(second.of(key, 5.0), server, "second", 20))

    asyncio.run(work())
    assert 1.8 < time.monotonic() - began < 6, "20 at once, then 9.5 a second"


def test_one_request_after_the_other_costs_one_renewal() -> None:
    key, server, calls = environment_key("openai"), Server(), []

    async def work() -> None:
        with Journal() as journal:

            async def call(function: Any) -> Any:
                calls.append(function)
                return await journal.call(function)

            async with Gates(call) as gates:
                for _ in range(20):
                    await asking(gates.of(key, 5.0), server, "us", 20)
                assert len(calls) == 1

    asyncio.run(work())
    assert ProviderLoad.objects.get(key=key).ceiling is None


def test_a_database_that_is_away_for_a_moment_stops_nobody_for_long() -> None:
    key, server, failures = environment_key("openai"), Server(), [OSError("away"), OSError("away")]

    async def work() -> None:
        with Journal() as journal:

            async def call(function: Any) -> Any:
                if failures:
                    raise failures.pop()
                return await journal.call(function)

            async with Gates(call) as gates:
                await asyncio.wait_for(asking(gates.of(key, 5.0), server, "us", 3), 5)

    asyncio.run(work())
    assert server.answered == {"us": 3}


def test_demo_models_have_no_gate() -> None:
    assert Gates(lambda function: asyncio.sleep(0)).of("", 5.0) is None


def test_a_429_in_one_worker_slows_the_other_down() -> None:
    key = environment_key("openai")

    async def work() -> int:
        with Journal() as one, Journal() as two:
            async with Gates(one.call) as first, Gates(two.call) as second:
                hit, other = first.of(key, 5.0), second.of(key, 5.0)
                assert hit
                assert other
                tickets = [await hit.enter(silent) for _ in range(40)]
                assert await entered(other, 1) == 1
                for ticket in tickets:
                    hit.leave(ticket, Outcome.REFUSED)
                await asyncio.sleep(2.5)
                return await entered(other, 100)

    assert 0 < asyncio.run(work()) <= 20, "half of the 41 that were open"


def test_an_account_that_is_closed_for_a_while_costs_few_refusals_and_fails_nobody() -> None:
    """Without a Retry-After. Four callers who have three tries each; before refusals had their own patience all were lost."""
    key, spec, refused, fine = environment_key("openai"), ModelSpec("p", "m", "openai", max_attempts=3), [], []
    opens_at = time.monotonic() + 3

    async def ask() -> None:
        if time.monotonic() < opens_at:
            refused.append(1)
            raise RateLimited("429")
        fine.append(1)

    async def work() -> None:
        with Journal() as one, Journal() as two:
            async with Gates(one.call) as first, Gates(two.call) as second:
                doors = [gates.of(key, 5.0) for gates in (first, second) for _ in range(2)]
                await asyncio.gather(*(with_retries(partial(through, door, ask, silent), spec) for door in doors if door))

    asyncio.run(work())
    assert len(fine) == 4
    assert 4 <= len(refused) <= 20
    assert time.monotonic() - opens_at < 10


async def entered(gate: ProviderGate, count: int) -> int:
    """How many of so many get in within a moment."""
    tasks = [asyncio.create_task(gate.enter(silent)) for _ in range(count)]
    done, waiting = await asyncio.wait(tasks, timeout=0.3)
    for task in waiting:
        task.cancel()
    return len(done)
