"""Deletions of the same runs at the same time, and a worker's commit in between: nobody waits in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import RequestFactory

from runs.models import EvalRun
from tests.runs.test_delete import finished, nothing_left
from tests.support.locks import wait_for_a_lock
from tests.support.runs import run_make

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has deletions side by side"),
]


def in_admin(run: EvalRun) -> None:
    admin.site.get_model_admin(EvalRun).delete_model(RequestFactory().post("/"), run)


@pytest.mark.parametrize(
    "remove", [lambda run: EvalRun.objects.filter(project=run.project).delete(), lambda run: run.project.delete(), in_admin]
)
def test_two_deletions_of_a_run_never_wait_for_each_other(remove: Callable[[EvalRun], object]) -> None:
    """One has locked the run and goes on to its rows, as `run_delete` does, when another that takes many runs comes to it."""
    run, other = finished(), finished()

    def meanwhile() -> None:
        try:
            remove(run)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as executor:
        with transaction.atomic():
            held = EvalRun.objects.select_for_update().get(pk=run.pk)
            second = executor.submit(meanwhile)
            wait_for_a_lock()
            held.delete()
        second.result(timeout=10)
    assert nothing_left(run)
    assert nothing_left(other) is (remove is not in_admin)


def test_deleting_many_holds_one_run_at_a_time() -> None:
    """A worker commits steps of several runs at once, in any order: it may hold a later one and wait for the first."""
    first, last = sorted((run_make() for _ in range(2)), key=lambda run: run.pk)

    def meanwhile() -> None:
        try:
            EvalRun.objects.filter(project=first.project).delete()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as executor:
        with transaction.atomic():
            EvalRun.objects.select_for_update().get(pk=last.pk)
            second = executor.submit(meanwhile)
            wait_for_a_lock()
            assert EvalRun.objects.filter(pk=first.pk).update(user_id="late") == 0
        second.result(timeout=10)
    assert nothing_left(first)
    assert nothing_left(last)
