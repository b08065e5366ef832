"""A batch from its request to its end, with a real drain: made, driven, summarized; cancelled, resumed, run again, deleted."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from agents.models import Harness
from runs.batches.children import remove_final
from runs.batches.progress import batch_progress, stage
from runs.batches.request import NothingToRun, PromptsRequest
from runs.batches.services import NotOver, batch_again, batch_cancel, batch_create, batch_delete, batch_resume
from runs.batches.tick import Ticker
from runs.budget import BudgetSpent
from runs.engine.drain import run_drain
from runs.models import Batch, EvalRun, RunEvent, Trial
from runs.services import NotInterrupted, run_delete, run_resume
from runs.states import Status
from tests.support import asked
from tests.support.runs import project_make

pytestmark = pytest.mark.django_db(transaction=True)


def created(many: int = 3) -> Batch:
    project = project_make()
    asked.prompts(project, many)
    return batch_create(project=project, request=PromptsRequest(targets=[asked.AGENT, asked.USER]))


def fresh(batch: Batch) -> Batch:
    return Batch.objects.get(pk=batch.pk)


def ended(batch: Batch, status: str, *, only: int | None = None) -> None:
    """Bring waiting children to an end, as a worker would."""
    ids = list(EvalRun.objects.filter(batch=batch, status=Status.PENDING).values_list("pk", flat=True)[:only])
    EvalRun.objects.filter(pk__in=ids).update(status=status, error_code="" if status == Status.COMPLETED else "model_refused")


def test_it_drives_every_cell_once_and_ends_with_a_summary() -> None:
    batch = created()
    assert (stage(batch), batch_progress(batch.pk).queued) == ("queued", 6)
    assert run_drain(linger=0) == 6
    batch = fresh(batch)
    assert (batch.status, stage(batch), batch.error_reason) == (Status.COMPLETED, "done", "")
    assert sorted(Trial.objects.filter(batch=batch).values_list("position", flat=True)) == list(range(6))
    assert batch_progress(batch.pk).as_json() == {
        "total": 6,
        "queued": 0,
        "running": 0,
        "completed": 6,
        "failed": 0,
        "cancelled": 0,
        "interrupted": 0,
        "percent": 100.0,
    }
    assert [(row["label"], row["n"]) for row in batch.summary["by_target"]] == [("demo/agent", 3), ("demo/user", 3)]
    assert batch.summary["overall"]["completed"] == 6
    assert batch.started_at
    assert batch.completed_at


def test_a_child_carries_what_was_frozen() -> None:
    batch = created(1)
    Ticker().step()
    run = EvalRun.objects.get(batch=batch, trial__position=0)
    assert (run.kind, run.agent_name, run.agent_model, run.planned_turns) == (EvalRun.Kind.TRIAL, "demo/agent", "demo/agent", 1)
    assert run.uses_demo
    assert run.trial.subject.snapshot["text"] == run.trial.label
    assert (run.trial.target_key, run.trial.platform, run.trial.model) == ("text:demo:agent", "demo", "agent")


def test_it_fails_with_the_commonest_reason_when_all_children_failed() -> None:
    batch = created()
    Ticker().step()
    ended(batch, Status.FAILED)
    EvalRun.objects.filter(batch=batch).update(error_reason="The server refused the key.")
    run_drain(linger=0)
    batch = fresh(batch)
    assert (batch.status, batch.error_code) == (Status.FAILED, "all_failed")
    assert batch.error_reason == "All 6 children failed, most often with model_refused: The server refused the key."


def test_it_completes_with_the_failures_counted_when_some_failed() -> None:
    batch = created()
    Ticker().step()
    ended(batch, Status.FAILED, only=2)
    run_drain(linger=0)
    assert fresh(batch).status == Status.COMPLETED
    made = batch_progress(batch.pk)
    assert (made.completed, made.failed, made.percent) == (4, 2, 100.0)
    assert fresh(batch).summary["overall"]["reasons"] == [["model_refused", 2]]


def test_a_cancelled_batch_starts_nothing_more() -> None:
    batch = created()
    batch_cancel(batch_id=batch.pk, project=batch.project)
    assert batch_progress(batch.pk).cancelled == 6
    run_drain(linger=0)
    assert (fresh(batch).status, EvalRun.objects.filter(batch=batch).count()) == (Status.CANCELLED, 0)


def test_cancelling_ends_the_children_that_wait_and_says_so_in_each() -> None:
    batch = created()
    Ticker().step()
    ended(batch, Status.COMPLETED, only=1)
    batch_cancel(batch_id=batch.pk, project=batch.project)
    assert run_drain(linger=0) == 0
    batch, made = fresh(batch), batch_progress(batch.pk)
    assert (batch.status, made.completed, made.cancelled) == (Status.CANCELLED, 1, 5)
    child = EvalRun.objects.filter(batch=batch, status=Status.CANCELLED).select_related("trial").first()
    assert child
    assert (child.trial.first_reason, child.completed_at is not None) == ("cancelled", True)
    assert RunEvent.objects.get(run=child).payload["status"] == Status.CANCELLED
    batch_cancel(batch_id=batch.pk, project=batch.project)
    assert fresh(batch).status == Status.CANCELLED, "one that is over stays what it is"


def test_an_interrupted_child_interrupts_the_batch_until_it_is_resumed() -> None:
    batch = created()
    Ticker().step()
    ended(batch, Status.INTERRUPTED, only=2)
    run_drain(linger=0)
    assert (fresh(batch).status, batch_progress(batch.pk).interrupted) == (Status.INTERRUPTED, 2)
    assert batch_resume(batch_id=batch.pk, project=batch.project).status == Status.RUNNING
    run_drain(linger=0)
    assert (fresh(batch).status, batch_progress(batch.pk).completed) == (Status.COMPLETED, 6)
    with pytest.raises(NotInterrupted):
        batch_resume(batch_id=batch.pk, project=batch.project)


def test_a_child_that_is_resumed_takes_its_batch_along() -> None:
    batch = created()
    Ticker().step()
    ended(batch, Status.INTERRUPTED, only=1)
    run_drain(linger=0)
    child = EvalRun.objects.get(batch=batch, status=Status.INTERRUPTED)
    run_resume(run_id=child.pk, project=batch.project)
    assert fresh(batch).status == Status.RUNNING
    run_drain(linger=0)
    assert (fresh(batch).status, fresh(batch).error_reason) == (Status.COMPLETED, "")


def test_a_child_of_a_batch_that_is_over_is_not_resumed() -> None:
    batch = created(1)
    Ticker().step()
    ended(batch, Status.INTERRUPTED)
    Batch.objects.filter(pk=batch.pk).update(status=Status.CANCELLED)
    child = EvalRun.objects.filter(batch=batch).first()
    assert child
    with pytest.raises(NotInterrupted, match="batch of this run is over"):
        run_resume(run_id=child.pk, project=batch.project)
    child.refresh_from_db()
    assert child.status == Status.INTERRUPTED


def test_what_failed_is_run_again_with_the_same_snapshots() -> None:
    batch = created()
    Ticker().step()
    ended(batch, Status.FAILED, only=1)
    with pytest.raises(NotOver):
        batch_again(batch_id=batch.pk, project=batch.project, only_failed=True)
    run_drain(linger=0)
    failed = Trial.objects.get(batch=batch, run__status=Status.FAILED)
    again = batch_again(batch_id=batch.pk, project=batch.project, only_failed=True)
    assert (again.total, again.source_batch_id, again.status) == (1, batch.pk, Status.PENDING)
    assert again.subjects.get().snapshot == failed.subject.snapshot
    assert again.targets == [batch.targets[failed.target_index]]
    run_drain(linger=0)
    assert fresh(again).status == Status.COMPLETED
    assert batch_again(batch_id=batch.pk, project=batch.project, only_failed=False).total == 6
    with pytest.raises(NothingToRun):
        batch_again(batch_id=again.pk, project=batch.project, only_failed=True)


def test_a_coding_agent_runs_again_by_the_command_of_now_and_not_at_all_once_it_is_gone() -> None:
    project = project_make()
    asked.prompts(project, 1)
    agent = Harness.objects.create(project=project, name="mine", argv="mine --unsafe {prompt}")
    spec = replace(asked.AGENT, target_type="agent", execution_platform="mine", model_id="")
    batch = batch_create(project=project, request=PromptsRequest(targets=[spec]))
    Batch.objects.filter(pk=batch.pk).update(status=Status.FAILED)
    Harness.objects.update(argv="mine {prompt}")
    again = batch_again(batch_id=batch.pk, project=project, only_failed=False)
    assert (again.targets[0]["harness"]["argv"], again.targets[0]["key"]) == ("mine {prompt}", batch.targets[0]["key"])
    agent.delete()
    with pytest.raises(NothingToRun, match="'mine' is not in use any more"):
        batch_again(batch_id=batch.pk, project=project, only_failed=False)


def test_a_deleted_child_stays_counted() -> None:
    batch = created()
    run_drain(linger=0)
    before = batch_progress(batch.pk)
    child = EvalRun.objects.filter(batch=batch).first()
    assert child
    run_delete(run_id=child.pk, project=batch.project)
    assert batch_progress(batch.pk) == before
    assert fresh(batch).removed == {"completed": 1}
    assert remove_final(batch.pk) == 5
    assert batch_progress(batch.pk) == before


def test_a_deleted_batch_leaves_nothing() -> None:
    batch, other = created(), created(1)
    Ticker().step()
    batch_delete(batch_id=batch.pk, project=batch.project)
    assert not Batch.objects.filter(pk=batch.pk).exists()
    assert not EvalRun.objects.filter(batch=batch.pk).exists()
    assert not Trial.objects.filter(batch=batch.pk).exists()
    with pytest.raises(Batch.DoesNotExist):
        batch_delete(batch_id=other.pk, project=project_make("another"))


def test_a_project_with_batches_can_be_deleted() -> None:
    batch = created()
    Ticker().step()
    batch.project.delete()
    assert not Batch.objects.exists()
    assert not Trial.objects.exists()


def test_a_summary_that_nobody_wrote_is_begun_again() -> None:
    """Whoever was killed while it added up left the batch summarizing; another waits a while, since it may be alive."""
    batch = created(1)
    Ticker().step()
    ended(batch, Status.COMPLETED)
    assert Ticker().step() == 1
    assert fresh(batch).status == Status.SUMMARIZING
    assert Ticker().step() == 0
    Batch.objects.filter(pk=batch.pk).update(updated_at=timezone.now() - timedelta(seconds=11))
    assert Ticker().step() == 1
    assert (fresh(batch).status, fresh(batch).summary["overall"]["n"]) == (Status.COMPLETED, 2)


def test_a_ring_is_due_as_long_as_a_batch_needs_somebody() -> None:
    batch = created(1)
    assert Batch.objects.in_need().exists(), "its children are not made"
    Ticker().step()
    assert not Batch.objects.in_need().exists(), "its children wait for a claim"
    ended(batch, Status.COMPLETED)
    assert Batch.objects.in_need().exists(), "it is to be ended"
    run_drain(linger=0)
    assert not Batch.objects.in_need().exists()


def test_a_spent_budget_and_other_peoples_batches_are_refused() -> None:
    batch = created(1)
    other = project_make("another")
    for act in (batch_cancel, batch_resume):
        with pytest.raises(Batch.DoesNotExist):
            act(batch_id=batch.pk, project=other)
    with pytest.raises(Batch.DoesNotExist):
        batch_again(batch_id=batch.pk, project=other, only_failed=False)
    project = batch.project
    project.monthly_budget_usd, project.at_budget = Decimal(0), "refuse"
    with pytest.raises(BudgetSpent):
        batch_create(project=project, request=PromptsRequest(targets=[asked.AGENT]))
    assert Batch.objects.count() == 1
