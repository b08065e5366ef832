"""The books on who holds what: one short transaction a worker and provider, with the provider's row locked. Called by `keeper` only.

What is kept strictly: the places that shares hold never exceed the limit, and tokens are given out once. Shares are timed by one clock,
the database server's on PostgreSQL, the machine's on SQLite; a clock that is set back can end shares early, for one renewal.

A share that was not renewed is silent: its worker begins nothing more, but what it has open is open until its time-out, so its places
count until then, or until somebody knows that the process is gone (`bury`). A server that goes on with a request whose connection was
closed (after a kill, a cancelled run, a time-out) can have those at work beside the ones we count: nobody but the server can know.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from django.db import connection, transaction
from django.utils import timezone

from agents.limits.arithmetic import LONGEST_PAUSE, Answers, Bucket, Ceiling, Closure, Holder, counted, target
from agents.limits.keys import provider_id_of
from agents.models import ModelProvider, ProviderLoad, ProviderShare

SHARE_LENGTH = timedelta(seconds=10)
CLOSING = timedelta(seconds=3)  # until a server has noticed that the process which asked it is gone
FORGOTTEN = timedelta(days=30)
SURE = 4  # refusals in a row
SEVERE = 0.5  # a server that answers the other half is not closed: then only who was refused waits


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker says about one provider. `held` are the places it may use until it hears back, `hand` its unused tokens.

    `wanted` is the most it had open and waiting since the last report, `need` the tokens it asks for beside those in hand,
    `cuts` the last cut of the ceiling it knows of; `answers.refused` counts only requests that began after that one. No request takes
    longer than `timeout_s`.
    """

    key: str
    in_use: int = 0
    waiting: int = 0
    wanted: int = 0
    held: int = 0
    hand: int = 0
    returned: int = 0
    need: int = 0
    begun: int = 0
    cuts: int = 0
    answers: Answers = Answers()
    throttled: int = 0
    retry_after: float | None = None
    timeout_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What the worker may do until the next report. `places` and `tokens` (more of them) are None where there is no such limit.

    For `closed_s` the server has answered nothing but 429, though it did not ask for the time.
    """

    places: int | None
    tokens: int | None
    held: int
    cuts: int
    paused_s: float
    closed_s: float = 0.0


def settle(holder: uuid.UUID, reports: Iterable[Report], leaving: Iterable[str] = ()) -> dict[str, Grant]:
    """Renew the shares reported on, give up those that are left; the grants by key."""
    leave(holder, leaving)
    return {report.key: renew(holder, report) for report in reports}


def leave(holder: uuid.UUID, keys: Iterable[str] | None = None) -> None:
    """Give up the shares of these keys, or all. Tokens in hand count as used."""
    mine = ProviderShare.objects.filter(holder=holder)
    keys = None if keys is None else list(keys)
    if keys != []:
        (mine if keys is None else mine.filter(load__key__in=keys)).delete()


def bury(holder: uuid.UUID) -> None:
    """The process is no more. Its requests were closed with it, as its servers will notice in a moment."""
    now = _now()
    ProviderShare.objects.filter(holder=holder).update(expires_at=now, holds_until=now + CLOSING)


@transaction.atomic
def renew(holder: uuid.UUID, report: Report) -> Grant:
    """Book a report, and grant what is free by now."""
    load = _locked(report.key)
    now = _now()
    most, per_minute = _limits(report.key)
    shares = _counting(load, now)
    share = shares.pop(holder, None) or ProviderShare(load=load, holder=holder, since=now)
    others = list(shares.values())
    places = _learn(load, report, others, most, now)
    granted = _places(share, report, others, places, now)
    tokens = _tokens(load, share, report, others, per_minute, now)
    load.recent = counted(load.recent, report.begun, now)
    load.save()
    share.save()
    return Grant(granted, tokens, share.granted, load.cuts, _paused_s(load, now), _closed_s(load, now))


def _locked(key: str) -> ProviderLoad:
    """The load's row, made where it is missing. On SQLite the transaction has the write lock already."""
    found = ProviderLoad.objects.select_for_update().filter(key=key).first()
    if found:
        return found
    long_ago = timezone.now() - timedelta(hours=1)  # so that the first minute begins with a full bucket
    ProviderLoad.objects.filter(refilled_at__lt=timezone.now() - FORGOTTEN, shares=None).delete()
    ProviderLoad.objects.bulk_create([ProviderLoad(key=key, refilled_at=long_ago)], ignore_conflicts=True)
    return ProviderLoad.objects.select_for_update().get(key=key)


def _now() -> datetime:
    """The clock all workers share. PostgreSQL's now() would be the beginning of the transaction, before the wait for the lock."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _limits(key: str) -> tuple[int | None, int | None]:
    """As they are configured now: a change takes effect with the next renewal."""
    provider_id = provider_id_of(key)
    rows = ModelProvider.objects.filter(pk=provider_id) if provider_id else ModelProvider.objects.none()
    return rows.values_list("max_concurrent", "requests_per_minute").first() or (None, None)


def _counting(load: ProviderLoad, now: datetime) -> dict[uuid.UUID, ProviderShare]:
    """The shares that count, by holder; the others are deleted. One that ends far in the future is from before the clock was set back."""
    shares = list(load.shares.all())
    counting = {share.holder: share for share in shares if now < share.holds_until and share.expires_at <= now + 2 * SHARE_LENGTH}
    over = [share.pk for share in shares if share.holder not in counting]
    if over:
        ProviderShare.objects.filter(pk__in=over).delete()
    return counting


def _learn(load: ProviderLoad, report: Report, others: list[ProviderShare], most: int | None, now: datetime) -> int | None:
    """Keep what the answers say about the server, and return how many places there are."""
    answers = report.answers
    if report.cuts != load.cuts:  # these were sent before somebody else's cut: it is the same burst
        answers = Answers(answers.fine, 0, answers.open)
    elsewhere = sum(share.in_use for share in others)
    last_429_at = load.last_429_at
    ceiling = Ceiling(load.ceiling, load.cuts, load.last_429_at).after(
        answers, open_everywhere=answers.open + elsewhere, most=most, now=now
    )
    load.ceiling, load.cuts, load.last_429_at = ceiling.height, ceiling.cuts, ceiling.last_429_at
    closure = Closure(load.refusals, load.closed_since).after(answers, unanswered=report.in_use + elsewhere, last=last_429_at, now=now)
    load.refusals, load.closed_since = closure.refusals, closure.since
    if report.throttled:
        load.throttled += report.throttled
        load.last_429_at = now
        _pause(load, report, closure.pause if answers.refused else timedelta(0), now)
    return ceiling.places(most)


def _pause(load: ProviderLoad, report: Report, pause: timedelta, now: datetime) -> None:
    """Everybody waits: for the Retry-After when most were refused, else a growing while when nothing but refusals comes.

    What the server itself asked for is not time that it leaves us without an answer.
    """
    refused = Answers(report.answers.fine, report.throttled, report.answers.open)
    asked = report.retry_after if refused.refused_share >= SEVERE else None
    until = now + min(timedelta(seconds=asked or 0) or pause, LONGEST_PAUSE)
    if until > now:
        load.paused_until = max(until, load.paused_until or until)
    if asked and load.closed_since:
        load.closed_since = until


def _paused_s(load: ProviderLoad, now: datetime) -> float:
    """Seconds the pause still lasts. One longer than any that is set is from before the clock was set back."""
    left = load.paused_until - now if load.paused_until else timedelta(0)
    return left.total_seconds() if timedelta(0) < left <= LONGEST_PAUSE else 0.0


def _closed_s(load: ProviderLoad, now: datetime) -> float:
    """Nothing before some pauses were in vain, so that no impatience makes a few refusals by chance final for all who wait."""
    if load.refusals < SURE:
        return 0.0
    return Closure(load.refusals, load.closed_since).lasted_s(load.last_429_at, now)


def _places(share: ProviderShare, report: Report, others: list[ProviderShare], places: int | None, now: datetime) -> int | None:
    """Book what the worker holds from now on. A place it may be using counts as held until the report after it was taken away."""
    granted, had = None, share.granted
    if places is not None:
        living = [other for other in others if other.expires_at > now]
        silent = sum(other.granted for other in others if other.expires_at <= now)  # out of reach, so not there to be shared
        holders = {str(other.holder): Holder(other.wanted, other.granted, other.since) for other in living}
        holders[str(share.holder)] = Holder(report.wanted, had, share.since)
        granted = target(str(share.holder), holders, max(0, places - silent), now)
    share.in_use, share.waiting, share.wanted = report.in_use, report.waiting, report.wanted
    share.granted = max(report.held, granted or 0)
    if bool(had) != bool(share.granted):
        share.since = now
    share.expires_at = now + SHARE_LENGTH
    share.holds_until = share.expires_at + timedelta(seconds=report.timeout_s)
    return granted


def _tokens(
    load: ProviderLoad, share: ProviderShare, report: Report, others: list[ProviderShare], per_minute: int | None, now: datetime
) -> int | None:
    """Hand out tokens as far as there are some. Without a limit nothing gathers: a new one begins with what was not counted before.

    A silent worker has thrown its tokens away (`gate`).
    """
    if per_minute is None:
        load.tokens, load.refilled_at, share.tokens = 0, now, 0
        return None
    handed_out = report.hand + sum(other.tokens for other in others if other.expires_at > now)
    bucket = Bucket(load.tokens + report.returned, load.refilled_at).refilled(per_minute, handed_out, now)
    more = min(floor(bucket.tokens), report.need)
    load.tokens, load.refilled_at, share.tokens = bucket.tokens - more, now, report.hand + more
    return more
