"""One worker's gate: who comes first, what a cancelled wait leaves, and what is reported and used between two grants."""

import asyncio
from typing import Any

import pytest

from agents.limits import gate as gates
from agents.limits.gate import ProviderGate
from agents.limits.ledger import Grant
from agents.llm.errors import RateLimited
from agents.llm.gate import Outcome


async def unsaid() -> None:
    raise AssertionError("it did not take long")


def a_gate() -> ProviderGate:
    return ProviderGate("provider/x", lambda: None)


def granted(gate: ProviderGate, places: int | None, tokens: int | None = None, *, cuts: int = 0, paused_s: float = 0.0) -> Any:
    """Report, and be granted this. Returns the report."""
    report = gate.report()
    gate.accept(Grant(places, tokens, max(report.held, places or 0), cuts, paused_s))
    return report


async def entering(gate: ProviderGate, count: int, on_wait: Any = unsaid) -> list[asyncio.Task[int]]:
    """So many who try to enter, each as far as he comes."""
    tasks = [asyncio.create_task(gate.enter(on_wait)) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def inside(tasks: list[asyncio.Task[int]]) -> list[bool]:
    for _ in range(4):
        await asyncio.sleep(0)
    return [task.done() for task in tasks]


async def ended(tasks: list[asyncio.Task[int]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_first_waits_for_a_grant_and_asks_for_it_at_once() -> None:
    gate = a_gate()
    tasks = await entering(gate, 2)
    assert await inside(tasks) == [False, False]
    assert gate.due <= asyncio.get_running_loop().time()
    report = granted(gate, None)
    assert (report.waiting, report.wanted, report.need) == (2, 2, 2)
    assert await inside(tasks) == [True, True]


async def test_places_go_to_who_came_first() -> None:
    gate = a_gate()
    granted(gate, 2)
    tasks = await entering(gate, 4)
    assert await inside(tasks) == [True, True, False, False]
    gate.leave(0, Outcome.FINE)
    assert await inside(tasks) == [True, True, True, False]
    late = await entering(gate, 1)
    gate.leave(0, Outcome.FINE)
    assert await inside([*tasks, *late]) == [True, True, True, True, False]
    await ended(late)


async def test_tokens_are_used_up_and_more_are_asked_for() -> None:
    gate = a_gate()
    granted(gate, None, 3)
    tasks = await entering(gate, 5)
    assert sum(await inside(tasks)) == 3
    report = granted(gate, None, 1)
    assert (report.hand, report.need, report.begun) == (0, 5, 3)
    assert sum(await inside(tasks)) == 4
    await ended(tasks)


async def test_tokens_that_are_not_needed_go_back() -> None:
    gate = a_gate()
    granted(gate, None, 10)
    await entering(gate, 2)
    report = granted(gate, None, 0)
    assert (report.hand, report.returned) == (2, 6), "as many are kept as were used in the last while"


async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    gate = a_gate()
    granted(gate, 1)
    tasks = await entering(gate, 3)
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    assert gate.report().waiting == 1
    gate.leave(0, Outcome.FINE)
    assert await inside(tasks) == [True, True, True]
    assert gate.report().in_use == 1


async def test_a_place_that_comes_as_the_wait_is_cancelled_is_given_on() -> None:
    gate = a_gate()
    granted(gate, 1)
    tasks = await entering(gate, 3)
    gate.leave(0, Outcome.FINE)  # the second has his place now, but has not heard of it
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    assert tasks[1].cancelled()
    assert await inside(tasks) == [True, True, True]
    assert gate.report().in_use == 1


async def test_a_long_wait_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "NOTICE_SECONDS", 0.02)
    told: list[str] = []

    async def tell() -> None:
        told.append("waits")

    gate = a_gate()
    granted(gate, 1)
    tasks = await entering(gate, 2, tell)
    await asyncio.sleep(0.1)
    assert told == ["waits"]
    gate.leave(0, Outcome.FINE)
    assert await inside(tasks) == [True, True]


async def test_an_old_grant_admits_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was stopped past his share must not use what others hold by then."""
    monkeypatch.setattr(gates, "VALID_SECONDS", 0.02)
    gate = a_gate()
    granted(gate, 5)
    await entering(gate, 1)
    await asyncio.sleep(0.05)
    tasks = await entering(gate, 1)
    assert await inside(tasks) == [False]
    report = gate.report()
    assert report.held == 1, "only what is open"
    await ended(tasks)


async def test_a_place_that_was_taken_away_is_free_for_others_when_its_answer_came() -> None:
    gate = a_gate()
    granted(gate, 3)
    tasks = await entering(gate, 4)
    granted(gate, 1)
    assert granted(gate, 1).held == 3
    gate.leave(0, Outcome.FINE)
    gate.leave(0, Outcome.FINE)
    assert await inside(tasks) == [True, True, True, False]
    assert granted(gate, 1).held == 1
    await ended(tasks)


async def test_a_pause_holds_everybody_for_its_time() -> None:
    gate = a_gate()
    granted(gate, None, paused_s=0.05)
    tasks = await entering(gate, 1)
    assert await inside(tasks) == [False]
    await asyncio.sleep(0.06)
    granted(gate, None)
    assert await inside(tasks) == [True]


async def test_refusals_of_requests_from_before_a_cut_are_counted_but_cut_nothing() -> None:
    gate = a_gate()
    granted(gate, None)
    tasks = await entering(gate, 2)
    before = tasks[0].result()
    granted(gate, 8, cuts=1)
    (after,) = await entering(gate, 1)
    assert await inside([after]) == [True]
    gate.leave(before, Outcome.REFUSED, 3.0)
    gate.leave(after.result(), Outcome.REFUSED)
    report = gate.report()
    assert (report.throttled, report.answers.refused, report.retry_after) == (2, 1, 3.0)


async def test_a_refused_place_stays_shut_until_the_next_grant() -> None:
    """A refusal comes within a millisecond: else everybody in line would run into one before the ceiling can fall."""
    gate = a_gate()
    granted(gate, 2)
    tasks = await entering(gate, 4)
    gate.leave(0, Outcome.REFUSED)
    assert sum(await inside(tasks)) == 2
    granted(gate, 2)
    assert sum(await inside(tasks)) == 3
    await ended(tasks)


async def test_the_first_refusal_holds_everybody_until_the_ceiling_is_known() -> None:
    gate = a_gate()
    granted(gate, None)
    await entering(gate, 3)
    gate.leave(0, Outcome.REFUSED)
    tasks = await entering(gate, 3)
    assert sum(await inside(tasks)) == 0
    granted(gate, 4)
    assert sum(await inside(tasks)) == 2
    await ended(tasks)


async def test_a_share_nobody_uses_is_given_up_and_asked_for_again() -> None:
    gate = a_gate()
    granted(gate, 5, 5)
    await entering(gate, 1)
    assert not gate.rest()
    gate.leave(0, Outcome.FINE)
    for _ in range(3):
        assert not gate.rest()
        granted(gate, 5, 0)
    assert gate.rest()
    tasks = await entering(gate, 1)
    assert await inside(tasks) == [False]
    granted(gate, 5, 1)
    assert await inside(tasks) == [True]


async def test_who_waited_for_a_closed_server_as_long_as_patience_lasts_is_sent_away() -> None:
    gate = ProviderGate("provider/x", lambda: None, patience_s=0.05)
    granted(gate, 1)
    inside_now, first = await entering(gate, 2)
    await asyncio.sleep(0.06)
    late = (await entering(gate, 1))[0]
    report = gate.report()
    gate.accept(Grant(1, None, report.held, 0, 0.0, closed_s=0.06))
    await asyncio.wait([first])
    assert isinstance(first.exception(), RateLimited)
    assert (inside_now.done(), late.done()) == (True, False), "who came later may still hope"
    assert gate.report().waiting == 1
    await ended([late])


async def test_tokens_that_were_not_used_in_time_are_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its share has run out they may be in somebody else's hand."""
    monkeypatch.setattr(gates, "VALID_SECONDS", 0.02)
    gate = a_gate()
    tasks = await entering(gate, 1)
    granted(gate, None, 9)
    await asyncio.wait(tasks)
    await asyncio.sleep(0.03)
    late = await entering(gate, 3)
    assert gate.report().hand == 0
    await ended(late)
