"""Deleting a run: what becomes of its worker, its rows, and the runs that judged it again."""

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from django.db import connection
from django.utils import timezone

from agents.limits.keeper import Gates
from runs import services
from runs.engine import lease
from runs.engine.drain import run_drain
from runs.engine.execute import Execution
from runs.engine.journal import Journal
from runs.engine.lease import LeaseLost
from runs.engine.money import Budgets
from runs.engine.proof import Proof
from runs.engine.transcript import Line
from runs.events import log
from runs.models import EvalRun, Message, ModelCall, RunEvent, Verdict
from runs.services import SourceGone, run_delete
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import project_make, run_make
from tests.support.steps import step_of

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = (Message, ModelCall, Verdict, RunEvent)


def delete(run: EvalRun) -> float:
    """How many seconds it took."""
    started = time.monotonic()
    run_delete(run_id=run.id, project=run.project)
    return time.monotonic() - started


def nothing_left(run: EvalRun) -> bool:
    return not EvalRun.objects.filter(pk=run.id).exists() and not any(rows.objects.filter(run_id=run.id).exists() for rows in ROWS)


def finished() -> EvalRun:
    run = run_make()
    run_drain(linger=0)
    run.refresh_from_db()
    assert run.status == Status.COMPLETED
    return run


def test_a_run_that_is_over_goes_with_all_its_rows_and_no_other_runs() -> None:
    run, other = finished(), finished()
    counts = [rows.objects.filter(run=other).count() for rows in ROWS]
    assert all(counts)
    delete(run)
    assert nothing_left(run)
    assert [rows.objects.filter(run=other).count() for rows in ROWS] == counts


def test_a_run_that_ended_long_ago_is_removed_at_once() -> None:
    run = finished()
    EvalRun.objects.filter(pk=run.pk).update(completed_at=timezone.now() - timedelta(minutes=1))
    assert delete(run) < services.LAST_WORDS_SECONDS


def test_a_waiting_run_is_cancelled_and_never_starts() -> None:
    run = run_make()
    assert delete(run) < 1
    assert nothing_left(run)
    assert run_drain(linger=0) == 0


class Watcher(threading.Thread):
    """Reads a run's log as an open stream does, until the run is gone."""

    def __init__(self, run: EvalRun) -> None:
        super().__init__()
        self.run_id, self.seen = run.id, list[dict[str, Any]]()
        self.start()

    def run(self) -> None:
        try:
            while EvalRun.objects.filter(pk=self.run_id).exists():
                self.seen += log.read_after(self.run_id, self.seen[-1]["seq"] if self.seen else -1)
                time.sleep(0.02)
        finally:
            connection.close()


def test_a_running_run_is_aborted_in_the_middle_of_a_call_and_those_who_watch_see_its_end(settings: Any) -> None:
    slow(settings)
    run = run_make()
    worker, watcher = in_thread(), Watcher(run)
    wait_for(lambda: run.messages.count() == 1)
    assert delete(run) < services.STOP_SECONDS
    for thread in (worker, watcher):
        thread.join(timeout=5)
        assert not thread.is_alive()
    assert nothing_left(run)
    assert (watcher.seen[-1]["type"], watcher.seen[-1]["status"]) == ("final_status", "cancelled")


def claimed() -> tuple[EvalRun, lease.Lease]:
    """A run whose worker holds it and does nothing, as a process that hangs."""
    run = run_make()
    [held] = lease.claim(1)
    run.refresh_from_db()
    return run, held


def written(held: lease.Lease, index: int) -> object:
    """Commit a message as the run's worker does. Returns None, or the error."""

    async def commit() -> object:
        with Journal() as journal:
            [answer] = await asyncio.gather(journal.commit(step), return_exceptions=True)
            return answer

    step = step_of(held, lines=[Line(index, 0, 0, "user", "late")])
    return asyncio.run(commit())


def test_a_worker_that_does_not_stop_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "STOP_SECONDS", 0.5)
    run, held = claimed()
    watcher = Watcher(run)
    assert 0.5 <= delete(run) < 2
    watcher.join(timeout=5)
    assert nothing_left(run)
    assert watcher.seen[-1]["error_reason"] == "Cancelled, since it is being deleted."
    assert isinstance(written(held, 0), LeaseLost)
    assert nothing_left(run)


def test_a_worker_that_died_is_not_waited_for() -> None:
    run, _ = claimed()
    EvalRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert delete(run) < 1
    assert nothing_left(run)


def deleting(run: EvalRun) -> threading.Thread:
    def work() -> None:
        try:
            delete(run)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_where_many_deletes_wait_already_the_next_takes_the_run_at_once(settings: Any) -> None:
    several = [claimed()[0] for _ in range(settings.DELETES_THAT_WAIT + 1)]
    waiting = [deleting(run) for run in several[:-1]]
    time.sleep(0.5)
    assert delete(several[-1]) < 1
    assert EvalRun.objects.count() == len(waiting)  # they still wait for their workers
    EvalRun.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    for thread in waiting:
        thread.join(timeout=10)
    assert all(map(nothing_left, several))


def test_a_worker_that_writes_all_the_while_leaves_nothing_behind_and_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "STOP_SECONDS", 0.2)
    run, held = claimed()
    answers: list[object] = []

    def write() -> None:
        try:
            while None in answers[-1:] or not answers:
                answers.append(written(held, len(answers)))
        finally:
            connection.close()  # `written` asks for the project of the run

    worker = threading.Thread(target=write)
    worker.start()
    wait_for(lambda: len(answers) > 2)
    delete(run)
    worker.join(timeout=10)
    assert not worker.is_alive()
    assert {type(answer) for answer in answers[:-1]} == {type(None)}
    assert isinstance(answers[-1], LeaseLost)
    assert nothing_left(run)


def test_two_who_delete_at_once_are_one_deletion_and_one_that_finds_nothing() -> None:
    run = finished()
    barrier, found = threading.Barrier(2), list[bool]()

    def once() -> None:
        try:
            barrier.wait()
            delete(run)
            found.append(True)
        except EvalRun.DoesNotExist:
            found.append(False)
        finally:
            connection.close()

    threads = [threading.Thread(target=once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(found) == [False, True]


def test_many_are_deleted_with_all_their_rows_and_counted() -> None:
    runs = [finished(), finished()]
    rows = sum(model.objects.count() for model in ROWS)
    number, counts = EvalRun.objects.of(runs[0].project).delete()
    assert (number, counts["runs.EvalRun"]) == (rows + 2, 2)
    assert all(map(nothing_left, runs))


def test_a_run_deleted_between_its_claim_and_its_start_is_a_lost_lease(caplog: pytest.LogCaptureFixture) -> None:
    run, held = claimed()
    EvalRun.objects.filter(pk=run.pk).delete()

    async def drive() -> None:
        with Journal() as journal:
            await Execution(held, journal, *[cast("ClientSession", None)] * 2, Gates(journal.call), Budgets(journal), Proof()).drive()

    with pytest.raises(LeaseLost):
        asyncio.run(drive())
    assert not caplog.records


def test_a_transcript_that_went_meanwhile_is_not_judged_again() -> None:
    source = finished()
    delete(source)
    with pytest.raises(SourceGone):
        run_make(kind=EvalRun.Kind.EVAL_ONLY, source_run=source)
    assert not EvalRun.objects.exists()


def test_a_run_that_judged_the_transcript_again_keeps_its_copy() -> None:
    source = finished()
    again = run_make(kind=EvalRun.Kind.EVAL_ONLY, source_run=source)
    run_drain(linger=0)
    delete(source)
    again.refresh_from_db()
    assert (again.status, again.messages.count(), again.source_run_id) == (Status.COMPLETED, 4, source.id)


def test_another_projects_run_is_not_there_and_goes_on() -> None:
    run = run_make()
    with pytest.raises(EvalRun.DoesNotExist):
        run_delete(run_id=run.id, project=project_make("elsewhere"))
    run.refresh_from_db()
    assert (run.status, run.cancel_requested_at) == (Status.PENDING, None)
