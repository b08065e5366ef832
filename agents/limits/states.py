"""What people see of limits: those configured, today's ceiling, and who uses and waits for what. Read by `agents.selectors`."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from agents.limits.arithmetic import Closure, asked_lately
from agents.models import ProviderLoad


@dataclass(frozen=True, slots=True)
class ProviderState:
    """A provider just now, over all workers. `provider_id` is None for one whose key stands in the environment.

    `ceiling` is None unless a 429 set one lately. `granted` are the places that workers hold, `in_use` those with a request open,
    `last_minute` the requests that began within a minute; all three lag behind by up to two seconds. `silent` are places that count as
    taken though nothing is heard of their worker. `is_full` says that somebody waits, `closed_since` that every answer is a 429 lately.
    Where `hides_use`, whoever asked may not see what others ask of the provider, and these figures are zero.
    """

    name: str
    kind: str
    base_url: str
    provider_id: uuid.UUID | None = None
    is_active: bool = True
    max_concurrent: int | None = None
    requests_per_minute: int | None = None
    ceiling: int | None = None
    in_use: int = 0
    granted: int = 0
    waiting: int = 0
    workers: int = 0
    last_minute: int = 0
    throttled: int = 0
    last_429_at: datetime | None = None
    paused_until: datetime | None = None
    silent: int = 0
    is_full: bool = False
    closed_since: datetime | None = None
    hides_use: bool = False

    @property
    def all_are_open(self) -> bool:
        """Whether it is the number of open requests that lets no other begin."""
        return self.max_concurrent is not None and self.in_use >= self.max_concurrent


def loads_of(keys: Collection[str]) -> dict[str, ProviderLoad]:
    """The loads with these keys, each with the sums of its living shares. One query."""
    loads: QuerySet[ProviderLoad] = ProviderLoad.objects.filter(key__in=keys)
    now = timezone.now()
    living = Q(shares__expires_at__gt=now)
    silent = Q(shares__expires_at__lte=now, shares__holds_until__gt=now)
    summed = loads.annotate(
        in_use=Sum("shares__in_use", filter=living, default=0),
        granted=Sum("shares__granted", filter=living, default=0),
        waiting=Sum("shares__waiting", filter=living, default=0),
        workers=Count("shares", filter=living),
        silent=Sum("shares__granted", filter=silent, default=0),
    )
    return {load.key: load for load in summed}


def with_load(state: ProviderState, load: ProviderLoad | None) -> ProviderState:
    """The state with what its load says; as it is when nobody has asked the provider yet."""
    if load is None:
        return state
    now = timezone.now()
    paused = load.paused_until if load.paused_until and load.paused_until > now else None
    sums = {name: getattr(load, name) for name in ("in_use", "granted", "waiting", "workers", "silent")}
    return replace(
        state,
        ceiling=None if load.ceiling is None else int(load.ceiling),
        last_minute=asked_lately(load.recent, now),
        throttled=load.throttled,
        last_429_at=load.last_429_at,
        paused_until=paused,
        is_full=load.waiting > 0,  # type: ignore[attr-defined]  # annotated by loads_of
        closed_since=load.closed_since if Closure(load.refusals, load.closed_since).lasted_s(load.last_429_at, now) else None,
        **sums,
    )


def without_use(state: ProviderState) -> ProviderState:
    """What holds for everybody who asks the provider: its limits, its ceiling and its pause, but not who asks it how much."""
    return replace(state, hides_use=True, in_use=0, granted=0, waiting=0, workers=0, last_minute=0, throttled=0, silent=0)


def in_words(state: ProviderState) -> list[str]:
    """What is going on at the provider just now, in short sentences."""
    said = [f"{state.in_use} open, {state.waiting} waiting, in {state.workers} workers; {state.last_minute} begun in the last minute."]
    if state.ceiling is not None:
        said.append(f"No more than {state.ceiling} at once since the server answered 429; that rises with every good answer.")
    if state.silent:
        said.append(f"{state.silent} places count as taken: nothing is heard of their worker, but its requests may still be open.")
    if state.closed_since:
        said.append(f"It has answered nothing but 429 since {_moment(state.closed_since)}.")
    if state.paused_until:
        wish = "" if state.closed_since else ", as the server wished"
        said.append(f"Nothing is asked until {_moment(state.paused_until)}{wish}.")
    if state.last_429_at:
        said.append(f"{state.throttled} answers were 429, the last at {_moment(state.last_429_at)}.")
    return said


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
