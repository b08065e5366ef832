"""Whether a lease that looks silent is believed to be, while clocks jump."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs.clock import Clock, database_time
from runs.engine import lease
from runs.engine.sweep import run_sweep
from runs.models import EvalRun
from runs.states import Status
from tests.support.runs import run_make

HOUR = 3600.0


class Hands:
    """A wall clock that can be set, and a monotonic one that only runs on."""

    def __init__(self) -> None:
        self.wall, self.steady = datetime.now(UTC), 1000.0
        self.clock = Clock(lambda: self.wall, lambda: self.steady)
        self.clock.now()

    def pass_time(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds
        self.clock.now()

    def jump(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.clock.now()


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """The engine goes by these."""
    hands = Hands()
    monkeypatch.setattr("runs.engine.lease.CLOCK", hands.clock)
    monkeypatch.setattr("runs.engine.sweep.CLOCK", hands.clock)
    return hands


def test_time_that_passes_is_no_jump() -> None:
    hands = Hands()
    for seconds in (0.2, 5, HOUR):
        hands.pass_time(seconds)
        assert hands.clock.believed


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, 10, -10])
def test_a_jump_is_doubted_for_one_lease(settings: Any, seconds: float) -> None:
    hands = Hands()
    hands.jump(seconds)
    assert not hands.clock.believed
    hands.pass_time(settings.ENV.lease_seconds - 1)
    assert not hands.clock.believed
    hands.pass_time(1)
    assert hands.clock.believed


@pytest.mark.django_db
def test_the_databases_time_is_about_ours() -> None:
    assert abs(database_time() - timezone.now()) < timedelta(seconds=5)


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_a_jump_takes_no_run_from_a_living_worker(hands: Hands, settings: Any, seconds: float) -> None:
    run_make()
    held = lease.claim(1)
    hands.jump(seconds)
    for _ in range(4):  # three heartbeats a lease, and more
        assert lease.claim(1) == []
        hands.pass_time(settings.ENV.lease_seconds / 3)
        lease.beat(held)
    assert hands.clock.believed
    assert lease.claim(1) == []


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_what_a_dead_worker_held_is_taken_one_lease_after_a_jump(hands: Hands, settings: Any, seconds: float) -> None:
    run_make()
    lease.claim(1)
    hands.jump(seconds)
    hands.pass_time(settings.ENV.lease_seconds - 1)
    assert not lease.something_waits()
    hands.pass_time(2)
    assert len(lease.claim(1)) == 1


@pytest.mark.django_db
def test_a_waiting_run_is_taken_whatever_the_clock_does(hands: Hands) -> None:
    run_make()
    hands.jump(-HOUR)
    assert len(lease.claim(1)) == 1


@pytest.mark.django_db
def test_nothing_is_ended_as_interrupted_while_the_clock_is_in_doubt(hands: Hands, settings: Any) -> None:
    run = run_make()
    EvalRun.objects.filter(pk=run.pk).update(attempt=2)
    lease.claim(1)
    hands.jump(HOUR)
    assert run_sweep() == 0
    hands.pass_time(settings.ENV.lease_seconds)
    assert run_sweep() == 1
    run.refresh_from_db()
    assert run.status == Status.INTERRUPTED
