"""What a first start puts into an empty database, and the one run it shows. Called by the command; safe to call again."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from agents.clients import DEMO_MODELS
from agents.models import Agent
from agents.seed_data import DEMO_CHARACTER, DEMO_PERSONA, DEMO_SESSIONS
from agents.shapes import plain
from evalhub.accounts.models import Project
from evalhub.accounts.services import owner_ensure
from runs.models import EvalRun
from runs.services import Kind, RunRequest, run_create
from templates_app.models import EvalTemplate, Persona
from templates_app.services import system_templates_ensure

DEFAULT_PROJECT = "default"
DEMO_TURNS = 4


@dataclass(frozen=True, slots=True)
class Seed:
    """Where a first visitor lands, and who they are."""

    project: Project
    owner: User


@transaction.atomic
def seed_ensure() -> Seed:
    """System templates, default project, its owner. The demo agent comes with the project only, so one that was deleted stays away."""
    system_templates_ensure()
    project, created = Project.objects.get_or_create(name=DEFAULT_PROJECT)
    if created:
        _demo_people_create(project)
    return Seed(project, owner_ensure(project=project))


def _demo_people_create(project: Project) -> None:
    character = plain(DEMO_CHARACTER)
    Agent.objects.create(project=project, name=character["name"], character=character)
    Persona.objects.create(project=project, **plain(DEMO_PERSONA))


@transaction.atomic
def demo_run_ensure(project: Project) -> EvalRun | None:
    """Start the demo run of a project that has no run yet. None when it has one, or when the demo agent is gone."""
    agent = Agent.objects.filter(project=project, name=DEMO_CHARACTER["name"]).first()
    if agent is None or EvalRun.objects.of(project).exists():
        return None
    request = RunRequest(
        agent=agent,
        template=_system_template(EvalTemplate.Type.QUALITY),
        adaptation_template=_system_template(EvalTemplate.Type.ADAPTATION),
        sessions=plain(DEMO_SESSIONS),
        user_persona=plain(DEMO_PERSONA),
        simulation_config={"max_turns_per_session": DEMO_TURNS, "enable_consolidation": True},
    )
    run = run_create(project=project, kind=Kind.RUN_EVAL, request=request)
    # Nobody asked for this run, so it must not spend anybody's money: a run keeps the models it began with, and it begins with these.
    run.agent_model, run.user_model = DEMO_MODELS["agent"], DEMO_MODELS["user"]
    run.judge_model = run.adaptation_judge_model = DEMO_MODELS["judge"]
    run.save(update_fields=["agent_model", "user_model", "judge_model", "adaptation_judge_model"])
    return run


def _system_template(template_type: str) -> EvalTemplate | None:
    return EvalTemplate.objects.filter(project=None, template_type=template_type).order_by("created_at", "slug").first()
