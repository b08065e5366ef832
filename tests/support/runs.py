"""Runs for engine and live tests, made through the services as people make them."""

from typing import Any

from agents.models import Agent
from evalhub.accounts.models import Project
from runs.models import EvalRun
from runs.services import RunRequest, run_create
from templates_app.models import EvalCategory, EvalTemplate

SCRIPT = [{"name": "One", "time_gap_hours": 0, "turns": [{"user_message": "Hello"}, {"user_message": "I have two dogs, what now?"}]}]
TRANSCRIPT = [{"role": "user", "content": "Hello there"}, {"role": "assistant", "content": "Hello, how can I help you?"}]


def project_make(name: str = "default") -> Project:
    return Project.objects.get_or_create(name=name)[0]


def agent_make(project: Project, name: str = "Mara", **more: Any) -> Agent:
    return Agent.objects.get_or_create(project=project, name=name, defaults={"character": {"name": name, "bio": "A cook."}, **more})[0]


def template_make(project: Project, *, kind: str = "quality", **more: Any) -> EvalTemplate:
    template = EvalTemplate.objects.create(project=project, name=f"My {kind}", template_type=kind, scoring_rubric="Be fair.", **more)
    for position, key in enumerate(["helpfulness", "tone"]):
        EvalCategory.objects.create(
            template=template, key=key, label=key.title(), prompt_instructions=f"Judge the {key} of the replies.", position=position
        )
    return template


def run_make(*, kind: str = EvalRun.Kind.RUN_EVAL, project: Project | None = None, **more: Any) -> EvalRun:
    """A pending run: two scripted turns, judged by a template with two categories; or a pasted transcript for `evaluate`."""
    project = project or project_make()
    agent = more.pop("agent", None) or agent_make(project)
    values: dict[str, Any] = {"agent": agent}
    if kind != EvalRun.Kind.SIMULATE and "template" not in more:
        values["template"] = template_make(project)
    if kind in (EvalRun.Kind.SIMULATE, EvalRun.Kind.RUN_EVAL):
        values["sessions"] = SCRIPT
    if kind == EvalRun.Kind.EVALUATE:
        values["messages"] = TRANSCRIPT
    return run_create(project=project, kind=kind, request=RunRequest(**{**values, **more}))
