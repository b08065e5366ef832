"""Calls that belong to no run count in the project's tally like all others."""

from decimal import Decimal

import pytest

from agents.llm.types import CallRecord, Usage
from runs.models import CallTally, ModelCall
from runs.spend import Spent, calls_tally
from tests import factories

pytestmark = pytest.mark.django_db


def call(price: str | None = "0.002", **given: object) -> CallRecord:
    return CallRecord(
        model="openai/gpt-4o", attempt=1, latency_ms=5, usage=Usage(100, 20), price_usd=Decimal(price) if price else None, **given
    )  # type: ignore[arg-type]


def test_calls_are_added_to_the_day_of_the_project() -> None:
    project = factories.project()
    assert calls_tally(project=project, calls=[call(), call(None)]) == Spent(Decimal("0.002"), 1, 200, 40)
    calls_tally(project=project, calls=[call(error="no")])
    row = CallTally.objects.get(project=project)
    assert (row.purpose, row.calls, row.failed, row.unpriced, row.price_usd) == ("chat", 3, 1, 1, Decimal("0.004"))
    assert not ModelCall.objects.exists()


def test_no_call_is_no_row() -> None:
    assert calls_tally(project=factories.project(), calls=[]) == Spent()
    assert not CallTally.objects.exists()
