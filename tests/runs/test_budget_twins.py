"""Starts at the same moment, each on a connection of its own, where only new runs are refused: they cannot both take what is left."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction

from evalhub.accounts.models import AtBudget, Project
from runs.again import run_again
from runs.batches.services import batch_again
from runs.budget import BudgetSpent, admit
from runs.models import Batch, EvalRun
from runs.services import Kind, RunRequest, run_cancel, run_create
from tests import batch_factories, factories
from tests.runs.test_budget import limited, spend

STARTS = 6
LIMIT = Decimal(5)


def promising(project: Project) -> RunRequest:
    return RunRequest(agent=factories.agent(project=project), max_cost_usd=LIMIT)


def refusing(spent: str) -> Project:
    project = limited(at_budget=AtBudget.REFUSE)
    spend(project, spent)
    return project


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_of_starts_at_once_only_those_pass_that_the_rest_is_enough_for(attempt: int) -> None:
    project = refusing("4")  # of 10: the first one may take it to 9, and the second still finds 1 left
    request, gate = promising(project), threading.Barrier(STARTS)

    def start(_: int) -> bool:
        try:
            gate.wait(30)
            run_create(project=project, kind=Kind.SIMULATE, request=request)
            return True
        except BudgetSpent:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(STARTS) as threads:
        passed = sum(threads.map(start, range(STARTS)))
    assert passed == EvalRun.objects.filter(project=project).count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL has writers side by side")
def test_a_start_waits_for_the_start_before_it_and_workers_do_not() -> None:
    project = refusing("4")
    factories.run(project=project)
    begun, entered = threading.Event(), threading.Event()

    def second() -> None:
        begun.set()
        with transaction.atomic():
            admit(project)
            entered.set()
        connections.close_all()

    other = threading.Thread(target=second)
    with transaction.atomic():
        admit(project)
        other.start()
        begun.wait(30)
        assert not entered.wait(0.3)
        with ThreadPoolExecutor(1) as worker:  # a row that only points at the project
            worker.submit(lambda: (spend(project, "0", shard=1), connections.close_all())).result(30)
    other.join(30)
    assert entered.is_set()


@pytest.mark.django_db
def test_what_goes_on_counts_by_what_is_left_of_its_limit_and_no_longer_when_it_is_over() -> None:
    project = refusing("6")
    first = run_create(project=project, kind=Kind.SIMULATE, request=promising(project))
    with pytest.raises(BudgetSpent, match=r"is spent \(\$6\.00, \$5\.00 more may be taken by what goes on\)"):
        run_again(run_id=first.pk, project=project)
    EvalRun.objects.filter(pk=first.pk).update(simulation_cost_usd=Decimal(2))  # 6 + 3 is less than 10
    second = run_again(run_id=first.pk, project=project)
    with pytest.raises(BudgetSpent):
        run_again(run_id=first.pk, project=project)
    for run in (first, second):
        run_cancel(run_id=run.pk, project=project)
    assert run_again(run_id=first.pk, project=project).status == "pending"


@pytest.mark.django_db
def test_a_batch_counts_by_what_is_left_of_its_estimate() -> None:
    project = refusing("6")
    over, batch = (batch_factories.batch(project=project, targets=("demo/agent",)) for _ in range(2))
    Batch.objects.filter(pk=batch.pk).update(status="running", estimated_cost_usd=Decimal(5))
    with pytest.raises(BudgetSpent):
        batch_again(batch_id=over.pk, project=project, only_failed=False)
    batch_factories.trial(batch=batch, cost="2")
    assert batch_again(batch_id=over.pk, project=project, only_failed=False).status == "pending"


@pytest.mark.django_db
@pytest.mark.parametrize("at_budget", [AtBudget.STOP, AtBudget.WARN])
def test_elsewhere_a_promise_refuses_nobody(at_budget: str) -> None:
    project = limited(at_budget=at_budget)
    spend(project, "6")
    for name in ("Ann", "Bo", "Cy"):
        request = RunRequest(agent=factories.agent(project=project, name=name), max_cost_usd=LIMIT)
        assert run_create(project=project, kind=Kind.SIMULATE, request=request).status == "pending"


@pytest.mark.django_db
def test_a_start_sees_the_budget_as_it_is_stored_now() -> None:
    project = limited("100", AtBudget.REFUSE)
    spend(project, "6")
    Project.objects.filter(pk=project.pk).update(monthly_budget_usd=Decimal(5))
    with pytest.raises(BudgetSpent):
        run_create(project=project, kind=Kind.SIMULATE, request=promising(project))
    assert connection.in_atomic_block
