"""What a first start puts into an empty database, and what a second one leaves alone."""

import pytest

from agents.models import Agent, ModelProvider
from evalhub.accounts.models import Role
from evalhub.demo_batch import CUSTOM_EVALS, demo_batch_ensure
from evalhub.seed import demo_run_ensure, seed_ensure
from runs.engine.drain import run_drain
from runs.models import Batch, EvalRun, ModelCall, Trial
from templates_app.models import CustomEval, EvalTemplate, Persona

pytestmark = pytest.mark.django_db


def test_a_first_start_has_a_project_an_owner_templates_and_somebody_to_talk_to() -> None:
    seed = seed_ensure()
    assert seed.project.name == "default"
    assert seed.owner.memberships.get().role == Role.OWNER
    assert not seed.owner.has_usable_password()
    assert set(EvalTemplate.objects.filter(project=None).values_list("template_type", flat=True)) == {"quality", "adaptation"}
    assert Agent.objects.get(project=seed.project).name == "Mara"
    assert Persona.objects.filter(project=seed.project).exists()


def test_a_second_start_adds_nothing() -> None:
    first, second = seed_ensure(), seed_ensure()
    assert (first.project, first.owner) == (second.project, second.owner)
    assert Agent.objects.count() == 1


def test_a_demo_agent_that_was_deleted_stays_away() -> None:
    seed = seed_ensure()
    Agent.objects.all().delete()
    assert demo_run_ensure(seed_ensure().project) is None
    assert not Agent.objects.filter(project=seed.project).exists()


def test_the_demo_run_talks_in_several_sessions_and_is_judged_twice() -> None:
    run = demo_run_ensure(seed_ensure().project)
    assert run is not None
    assert run.kind == EvalRun.Kind.RUN_EVAL
    assert len(run.sessions) > 1
    assert run.judges_quality
    assert run.judges_adaptation


def test_there_is_one_demo_run_only() -> None:
    project = seed_ensure().project
    assert demo_run_ensure(project) is not None
    assert demo_run_ensure(project) is None


@pytest.mark.django_db(transaction=True)
def test_the_demo_run_uses_the_demo_models_whatever_is_configured() -> None:
    project = seed_ensure().project
    ModelProvider.objects.create(project=project, name="paid", base_url="http://127.0.0.1:1/v1", default_model="dear")
    run = demo_run_ensure(project)
    assert run is not None
    run_drain(linger=0)
    run.refresh_from_db()
    assert run.status == "completed"
    assert set(run.model_calls.values_list("model", flat=True)) == {"demo/agent", "demo/user", "demo/judge"}


@pytest.mark.django_db(transaction=True)
def test_the_demo_batch_is_judged_by_the_demo_judge_whatever_is_configured_and_some_of_it_passes() -> None:
    project = seed_ensure().project
    ModelProvider.objects.create(project=project, name="paid", base_url="http://127.0.0.1:1/v1", default_model="dear")
    made = demo_batch_ensure(project)
    assert made is not None
    run_drain(linger=0)
    batch = Batch.objects.get(pk=made.pk)
    assert (batch.status, batch.uses_demo) == ("completed", True)
    passed = list(Trial.objects.filter(batch=batch).order_by("position").values_list("passed", flat=True))
    assert len(passed) == len(CUSTOM_EVALS) * 2
    assert {True, False} == set(passed)
    assert set(ModelCall.objects.values_list("model", flat=True)) == {"demo/agent", "demo/hasty", "demo/judge"}


def test_what_the_demo_batch_asks_is_the_projects_own_and_runs_only_where_it_is_named() -> None:
    project = seed_ensure().project
    demo_batch_ensure(project)
    assert CustomEval.objects.filter(project=project, category__name="Demo", is_selected=False).count() == len(CUSTOM_EVALS)


def test_what_is_left_of_it_is_not_made_again() -> None:
    project = seed_ensure().project
    assert demo_batch_ensure(project) is not None
    Batch.objects.all().delete()
    assert demo_batch_ensure(project) is None
    assert CustomEval.objects.count() == len(CUSTOM_EVALS)
