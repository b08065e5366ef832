"""Writers side by side: what they end is all in the sums, and none waits for another."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from runs import brand_tally, trial_tally
from runs.models import Mention, Trial
from tests import factories
from tests.runs.test_trial_tally import counted, kept
from tests.support.answers import answer


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has writers side by side")
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_writer_that_takes_long() -> None:
    project = factories.project()
    first, second = [answer("Acme, then Globex.", project=project) for _ in range(2)]

    def change(trial: Trial) -> None:
        Trial.objects.filter(pk=trial.pk).update(passed=True)
        Mention.objects.filter(run=trial.pk).update(count=7)

    def meanwhile() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout TO '2s'")
                change(second)
        finally:
            connection.close()

    with transaction.atomic():
        change(first)
        with ThreadPoolExecutor(1) as other:
            other.submit(meanwhile).result()
    for table in (trial_tally.TABLE, brand_tally.TABLE):
        assert kept(table) == counted(table)
    today = datetime.now(UTC).date()
    found = trial_tally.answers_by_place(project_id=project.pk, first=today - timedelta(days=1), last=today)
    assert sum(said.answers for _, said in found) == 2
