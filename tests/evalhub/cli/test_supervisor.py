"""When a dead child is started again, and when it is given up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evalhub.cli.child import Child
from evalhub.cli.errors import FAILED, CommandError
from evalhub.cli.supervisor import BACKOFF_S, DEATHS, DEATHS_WITHIN_S, KILLED_BACKOFF_S, Deaths, Supervisor


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def hopeless(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    """A supervisor over a child that ends as soon as it starts, since there is no such command."""
    supervisor = Supervisor([Child("nonsense", [], tmp_path / "nonsense.log")], said.append)
    supervisor.start()
    yield supervisor
    supervisor.stop()


def test_a_child_that_ends_while_it_should_start_is_told_with_its_last_words(hopeless: Supervisor) -> None:
    with pytest.raises(CommandError) as error:
        hopeless.until(lambda: False, 30, "It did not start.")
    assert error.value.code == FAILED
    assert str(error.value).startswith("It did not start.")
    assert "No such command 'nonsense'" in str(error.value)


def test_a_child_that_is_never_ready_is_given_up(hopeless: Supervisor) -> None:
    with pytest.raises(CommandError, match=r"It did not start\."):
        hopeless.until(lambda: False, 0, "It did not start.")


@pytest.mark.slow
def test_a_child_that_keeps_dying_is_given_up_with_the_reason(hopeless: Supervisor, said: list[str]) -> None:
    with pytest.raises(CommandError) as error:
        hopeless.forever()
    assert error.value.code == FAILED
    assert "ended 5 times within a minute" in str(error.value)
    assert len(said) == DEATHS - 1
    assert "(exit code 2) and is started again" in said[0]


def test_each_death_within_the_minute_waits_longer() -> None:
    deaths = Deaths()
    waits = []
    for now in range(DEATHS):
        deaths.note(float(now))
        assert deaths.restart_at is not None
        waits.append(deaths.restart_at - now)
    assert waits == list(BACKOFF_S)


def test_five_deaths_within_a_minute_are_too_many() -> None:
    deaths = Deaths()
    for now in range(DEATHS):
        assert not deaths.too_many(float(now))
        deaths.note(float(now))
    assert deaths.too_many(float(DEATHS))


def test_deaths_far_apart_are_forgiven() -> None:
    deaths = Deaths()
    for number in range(2 * DEATHS):
        deaths.note(number * DEATHS_WITHIN_S)
        assert not deaths.too_many(number * DEATHS_WITHIN_S)
        assert deaths.restart_at == number * DEATHS_WITHIN_S


def test_somebodys_kill_9_makes_pauses_longer_but_nothing_is_given_up() -> None:
    deaths = Deaths()
    for number in range(20):
        now = number * 3.0
        deaths.note(now, killed=True)
        assert not deaths.too_many(now)
        assert deaths.restart_at is not None
        assert deaths.restart_at - now <= KILLED_BACKOFF_S
    for number in range(DEATHS):
        assert not deaths.too_many(60.0)
        deaths.note(60.0 + number)
    assert deaths.too_many(65.0)
