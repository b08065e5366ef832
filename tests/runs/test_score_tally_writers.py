"""Writers side by side: their runs are all in the figures, and none waits for another."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from runs.models import EvalRun
from runs.states import Status
from tests import factories
from tests.runs.test_score_tally import NOON, kept, really


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has writers side by side")
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_writer_that_takes_long() -> None:
    project = factories.project()
    made = factories.template(project=project)
    runs = [factories.run(project=project, template=made, created_at=NOON, score=10.0 * number) for number in range(4)]

    def end(*chosen: EvalRun) -> None:
        EvalRun.objects.filter(pk__in=[run.pk for run in chosen]).update(status=Status.COMPLETED)

    def meanwhile() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout TO '2s'")
                end(runs[1], runs[2])
        finally:
            connection.close()

    with transaction.atomic():
        end(runs[0])
        with ThreadPoolExecutor(1) as other:
            other.submit(meanwhile).result()
        end(runs[3])
    assert kept(project) == really(project)


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_are_all_counted() -> None:
    project = factories.project()
    made = factories.template(project=project)
    speaker = factories.agent(project=project)

    def write(number: int) -> None:
        try:
            for score in (number * 10.0, number * 5.0):
                run = factories.run(project=project, agent=speaker, template=made, created_at=NOON)
                EvalRun.objects.filter(pk=run.pk).update(status=Status.COMPLETED, score=score)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write, range(8)))
    assert kept(project) == really(project)
    EvalRun.objects.of(project).delete()
    assert kept(project) == {}
