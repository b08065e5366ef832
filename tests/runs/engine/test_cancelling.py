"""A cancel takes effect within one model call and within two seconds, however much its worker has to do."""

import time
from typing import Any

import pytest

from runs.engine import stop
from runs.models import EvalRun
from runs.services import run_cancel
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import project_make, run_make

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 500


@pytest.mark.slow
def test_one_of_five_hundred_runs_is_cancelled_within_two_seconds(settings: Any) -> None:
    slow(settings, 60)
    settings.ENV = settings.ENV.model_copy(update={"concurrency": MANY, "stop_seconds": 0})
    project = project_make()
    runs = [run_make(project=project) for _ in range(MANY)]
    in_call = EvalRun.objects.filter(messages__index=0)
    thread = in_thread()
    try:
        wait_for(lambda: in_call.count() == MANY, 30)
        asked = time.monotonic()
        run_cancel(run_id=runs[MANY // 2].id, project=project)
        wait_for(lambda: EvalRun.objects.filter(status=Status.CANCELLED).count() == 1)
        assert time.monotonic() - asked < 2
        stop.request()
        thread.join(timeout=15)
        assert not thread.is_alive()
    finally:
        stop.request()
        thread.join()
        stop.reset()
    assert EvalRun.objects.filter(status=Status.PENDING, attempt=0).count() == MANY - 1
