"""When a dead child is started again, and when it is given up."""

from evalhub.cli.supervisor import BACKOFF_S, DEATHS, DEATHS_WITHIN_S, Deaths


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
