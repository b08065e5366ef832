"""The small world that golden exchanges happen in, and what a case may ask for beside it. Names here are variables there."""

from collections.abc import Callable

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.accounts.services import api_key_create
from runs.events import types
from runs.models import EvalRun
from tests import factories
from tests.contract.exchange import Variables

Given = Callable[[Project, Variables], None]


class World:
    """One project with an agent and three templates, one with nothing but a namesake of the agent, and keys for all who ask."""

    def __init__(self) -> None:
        ours, theirs = factories.project(), factories.project()
        mara = factories.agent(project=ours, name="Mara", model="demo/agent")
        quality = factories.template(project=ours, name="Ours", categories=("helpfulness", "tone"))
        adapts = factories.template(project=ours, name="How it adapts", kind="adaptation", categories=("recall",))
        system = factories.template(project=None, name="The system's", categories=("safety",))
        self.project = ours
        self.variables = Variables(
            project=str(ours.id),
            theirs=str(theirs.id),
            mara=str(mara.id),
            stranger_mara=str(factories.agent(project=theirs, name="Mara").id),
            ours=str(quality.id),
            adapts=str(adapts.id),
            system=str(system.id),
            missing="00000000-0000-4000-8000-000000000000",
        )
        self.tokens = {
            "owner": _token(ours),
            "reader": _token(ours, "read"),
            "runner": _token(ours, "run"),
            "stranger": _token(theirs),
        }

    def give(self, names: list[str]) -> None:
        for name in names:
            GIVEN[name](self.project, self.variables)


def _token(project: Project, *scopes: str) -> str:
    return api_key_create(project=project, name="golden", scopes=list(scopes))[1]


def _finished_run(project: Project, variables: Variables) -> None:
    run = factories.finished_run(project=project)
    variables |= {
        "run": str(run.id),
        "run_template": str(run.template_snapshot["template_id"]),
        "run_adaptation": str(run.adaptation_template_snapshot["template_id"]),
    }


def _conversation(project: Project, variables: Variables) -> None:
    """A completed simulation of one session and one turn."""
    run = factories.run(project=project, sessions=1, turns=1, status="completed", total_sessions=1, total_turns=1)
    factories.conversation(run=run, sessions=1, turns=1)
    variables["run"] = str(run.id)


def _long_event(project: Project, variables: Variables) -> None:
    """A completed run of three events, the second of which is larger than a frame may be."""
    run = factories.run(project=project, status="completed")
    for event in (types.RunStarted(), types.TurnCompleted(role="user", content="x" * 500_000), types.FinalStatus(status="completed")):
        factories.event(run=run, event=event)
    variables["run"] = str(run.id)


def _three_runs(project: Project, variables: Variables) -> None:
    """Three pending runs, the last two made in the same instant, so that only the id orders them."""
    made = [factories.run(project=project, sessions=1, turns=1) for _ in range(3)]
    EvalRun.objects.filter(pk=made[1].pk).update(created_at=made[2].created_at)
    newest, middle = sorted((str(run.id) for run in made[1:]), reverse=True)
    variables |= {"newest": newest, "middle": middle, "oldest": str(made[0].id)}


def _no_own_adaptation(project: Project, variables: Variables) -> None:
    """The project has no adaptation template of its own, the system has one."""
    project.eval_templates.filter(template_type="adaptation").delete()
    variables["adapts"] = str(factories.template(project=None, name="The system's way", kind="adaptation", categories=("recall",)).id)


def _their_run(project: Project, variables: Variables) -> None:
    other = Project.objects.get(pk=variables["theirs"])
    variables["run"] = str(factories.run(project=other, agent=Agent.objects.get(pk=variables["stranger_mara"]), sessions=1, turns=1).id)


GIVEN: dict[str, Given] = {
    "a finished run": _finished_run,
    "a conversation": _conversation,
    "a long event": _long_event,
    "three runs": _three_runs,
    "no adaptation template of the project": _no_own_adaptation,
    "a run of a stranger": _their_run,
}
