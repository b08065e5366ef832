"""The rows of the queue that have every minute swept and scheduled: one of each, however many workers set them up."""

import threading

import pytest
from django.db import connection
from django_q.models import Schedule

from evalhub.cli.worker import EVERY_MINUTE, schedule_sweep

pytestmark = pytest.mark.django_db(transaction=True)


def test_workers_that_start_at_once_make_one_row_of_each() -> None:
    for _ in range(5):
        Schedule.objects.all().delete()
        together(4)
        assert sorted(Schedule.objects.values_list("func", flat=True)) == sorted(EVERY_MINUTE.values())


def test_rows_that_are_there_twice_become_one_and_others_stay() -> None:
    kept, *_ = [Schedule.objects.create(name="sweep", func=EVERY_MINUTE["sweep"]) for _ in range(3)]
    other = Schedule.objects.create(name="nightly", func="math.sqrt")
    schedule_sweep()
    assert set(Schedule.objects.values_list("pk", flat=True)) == {kept.pk, other.pk, Schedule.objects.get(name="batches").pk}
    kept.refresh_from_db()
    assert (kept.schedule_type, kept.minutes, kept.repeats) == (Schedule.MINUTES, 1, -1)


def test_a_restart_keeps_the_time_of_the_next_sweep() -> None:
    schedule_sweep()
    first = Schedule.objects.get(name="sweep")
    schedule_sweep()
    assert Schedule.objects.get(name="sweep").next_run == first.next_run


def together(count: int) -> None:
    start, errors = threading.Barrier(count), list[Exception]()

    def one() -> None:
        try:
            start.wait()
            schedule_sweep()
        except Exception as error:  # shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
