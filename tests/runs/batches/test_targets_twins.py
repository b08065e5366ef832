"""Targets that are configured by several at once, and moved on by the schedule meanwhile: each on a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from runs.batches.request import BadTarget
from runs.batches.targets import TargetGiven, target_create, targets_replace
from runs.models import Target
from tests import factories
from tests.support import asked
from tests.support.locks import begun_and_waiting

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has writers side by side"),
]
DAILY = TargetGiven(spec=asked.AGENT)


def test_the_second_of_two_who_add_the_same_is_told_so() -> None:
    project = factories.project()
    with ThreadPoolExecutor(1) as executor:
        with transaction.atomic():
            targets_replace(project=project, source_type="prompts", source=None, targets=[DAILY])
            second = begun_and_waiting(executor, lambda: target_create(project=project, source_type="prompts", source=None, given=DAILY))
        with pytest.raises(BadTarget, match="There is such a target already"):
            second.result(timeout=10)
    assert Target.objects.count() == 1


def test_a_time_that_the_schedule_has_moved_on_meanwhile_stays() -> None:
    project = factories.project()
    row = target_create(project=project, source_type="prompts", source=None, given=DAILY)
    moved = timezone.now() + timedelta(days=5)
    with ThreadPoolExecutor(1) as executor:
        with transaction.atomic():
            Target.objects.filter(pk=row.pk).update(next_run_at=moved)
            second = begun_and_waiting(
                executor, lambda: targets_replace(project=project, source_type="prompts", source=None, targets=[DAILY])
            )
        second.result(timeout=10)
    row.refresh_from_db()
    assert row.next_run_at == moved
