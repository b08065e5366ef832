"""What a run starts with: one that is broken is its own problem."""

import pytest

from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.states import Status
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_that_cannot_be_read_takes_no_other_along() -> None:
    runs = [run_make() for _ in range(3)]
    EvalRun.objects.filter(pk=runs[1].pk).update(agent_snapshot={})
    run_drain(linger=0)
    ends = [EvalRun.objects.values_list("status", "error_code").get(pk=run.pk) for run in runs]
    assert ends == [(Status.COMPLETED, ""), (Status.FAILED, "internal"), (Status.COMPLETED, "")]
    runs[1].refresh_from_db()
    assert runs[1].error_reason == "EvalHub itself failed (KeyError); the worker's log has the details."
