"""The gate of one provider in one worker process: hands out the places and tokens of this worker's share, first come first served.

No database in here: `keeper` takes its reports to the ledger and brings grants back. See `agents.llm.gate.Gate`.
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable

from agents.limits.arithmetic import Answers
from agents.limits.ledger import Grant, Report
from agents.llm.errors import RateLimited
from agents.llm.gate import OnWait, Outcome

NOTICE_SECONDS = 5.0
VALID_SECONDS = 8.0  # below the length of a share: who was stopped for a while must not use what others hold by then
BUSY_SECONDS = (0.3, 0.5)  # drawn anew each time, so that no worker always comes first where tokens are few
EASY_SECONDS = 2.0
REFUSED_SECONDS = 0.1  # to gather the rest of a burst, before more requests run into it
GAP_SECONDS = 0.05
QUIET_REPORTS = 2


class _Waiter(asyncio.Future[int]):
    """Somebody in line, and since when."""

    def __init__(self) -> None:
        super().__init__()
        self.since = time.monotonic()


class ProviderGate:
    """Begins without a share: the first to come waits for the first grant. `due` is when the next report should go, by `time.monotonic`.

    `timeout_s` is the longest time that a request which comes through may take.
    """

    def __init__(self, key: str, hurry: Callable[[], None], patience_s: float = 180.0) -> None:
        self.key = key
        self.due = math.inf
        self.timeout_s = 0.0
        self._patience_s = patience_s
        self._hurry = hurry
        self._queue: deque[_Waiter] = deque()
        self._open = 0
        self._places: int | None = 0
        self._tokens: int | None = 0
        self._held = self._cuts = 0
        self._shut = 0  # places whose request was refused: a refusal comes at once, so the next in line would only run into the next one
        self._valid_until = self._paused_until = self._reported_at = -math.inf
        self._quiet_reports = 0
        self._begin_count()

    def _begin_count(self) -> None:
        self._begun = self._fine = self._refused = self._throttled = 0
        self._most_open = self._open
        self._most_wanted = self._open + len(self._queue)
        self._retry_after: float | None = None

    async def enter(self, on_wait: OnWait) -> int:
        if not self._queue and self._is_free():
            return self._take()
        waiter = _Waiter()
        self._queue.append(waiter)
        self._most_wanted = max(self._most_wanted, self._open + len(self._queue))
        if time.monotonic() >= self._valid_until:
            self._report_within(0.0)
        try:
            await asyncio.wait([waiter], timeout=NOTICE_SECONDS)
            if not waiter.done():
                await on_wait()
            return await waiter
        except BaseException:
            self._forget(waiter)
            raise

    def leave(self, ticket: int, outcome: Outcome, retry_after: float | None = None) -> None:
        self._open -= 1
        if outcome is Outcome.FINE:
            self._fine += 1
        elif outcome is Outcome.REFUSED:
            self._throttled += 1
            self._shut += 1
            self._refused += ticket == self._cuts  # one that began before the last cut belongs to the burst that caused it
            self._retry_after = max(self._retry_after or 0.0, retry_after or 0.0)
            self._report_within(REFUSED_SECONDS)
        if self._places is not None and self._open == self._places < self._held:
            self._report_within(0.0)  # somebody else waits for what was taken from us
        self._hand_out()

    def report(self) -> Report:
        """What happened since the last report. Tokens that are not likely to be used go back with it."""
        now = time.monotonic()
        if self._tokens and now >= self._valid_until:
            self._tokens = 0  # by now others may have been given them again
        waiting, hand = len(self._queue), self._tokens or 0
        need = waiting + self._begun
        kept = min(hand, need)
        if self._tokens is not None:
            self._tokens = kept
        report = Report(
            key=self.key,
            in_use=self._open,
            waiting=waiting,
            wanted=self._most_wanted,
            held=max(self._open, self._places or 0) if now < self._valid_until else self._open,
            hand=kept,
            returned=hand - kept,
            need=need - kept,
            begun=self._begun,
            cuts=self._cuts,
            answers=Answers(self._fine, self._refused, self._most_open),
            throttled=self._throttled,
            retry_after=self._retry_after,
            timeout_s=self.timeout_s,
        )
        self._quiet_reports = 0 if self._most_wanted else self._quiet_reports + 1
        self._reported_at = now
        self._begin_count()
        return report

    def accept(self, grant: Grant) -> None:
        """Go by this grant until the next one. It is as old as the report it answers."""
        self._shut = 0
        self._places, self._held, self._cuts = grant.places, grant.held, grant.cuts
        self._tokens = None if grant.tokens is None else (self._tokens or 0) + grant.tokens
        self._valid_until = self._reported_at + VALID_SECONDS
        self._paused_until = time.monotonic() + grant.paused_s
        limited = grant.places is not None or grant.tokens is not None or grant.paused_s > 0
        self.due = time.monotonic() + (random.uniform(*BUSY_SECONDS) if limited else EASY_SECONDS)  # noqa: S311  # no secret
        if grant.closed_s > self._patience_s:
            self._send_away()
        self._hand_out()

    def retry(self) -> None:
        """The report did not arrive: try again soon, with what is left in hand."""
        self.due = time.monotonic() + BUSY_SECONDS[1]

    def rest(self) -> bool:
        """True when nobody has come for some reports: the share is given up, and whoever comes next waits for a new one."""
        if self._open or self._queue or self._begun or self._quiet_reports < QUIET_REPORTS:
            return False
        self._valid_until, self.due, self._quiet_reports = -math.inf, math.inf, 0
        self._places, self._tokens, self._held = 0, 0, 0
        return True

    def _is_free(self) -> bool:
        now = time.monotonic()
        has_place = not self._shut if self._places is None else self._open + self._shut < self._places
        return has_place and self._tokens != 0 and self._paused_until <= now < self._valid_until

    def _take(self) -> int:
        self._open += 1
        self._begun += 1
        self._most_open = max(self._most_open, self._open)
        self._most_wanted = max(self._most_wanted, self._open + len(self._queue))
        if self._tokens is not None:
            self._tokens -= 1
        return self._cuts

    def _hand_out(self) -> None:
        while self._queue and self._is_free():
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(self._take())

    def _send_away(self) -> None:
        """A server that refuses everything lets one request at a time find out: who has waited as long as patience lasts need not ask."""
        came_before = time.monotonic() - self._patience_s
        while self._queue and self._queue[0].since <= came_before:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_exception(RateLimited(f"The provider has answered nothing but 429 for {self._patience_s:g} s.", is_last=True))

    def _forget(self, waiter: _Waiter) -> None:
        """A wait that was given up. Its place may just have come."""
        if waiter.done() and not waiter.cancelled() and not waiter.exception():
            self.leave(waiter.result(), Outcome.UNKNOWN)
        elif waiter in self._queue:
            self._queue.remove(waiter)

    def _report_within(self, seconds: float) -> None:
        now = time.monotonic()
        self.due = min(self.due, max(now + seconds, self._reported_at + GAP_SECONDS))
        self._hurry()
