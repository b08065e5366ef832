"""The work of a test: so many runs whose every call is another one. As a command it puts them into an installation's database."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from evalhub.cli.installation import django_start

MODEL = "openai/gpt-4.1-mini"  # a name that the price list knows


@dataclass(frozen=True, slots=True)
class Load:
    """`runs` conversations of `sessions` with `turns` each, user and agent played by models, memory and diary kept, then judged."""

    module: ClassVar[str] = "tests.process.durability.load"  # that makes it

    runs: int
    sessions: int = 2
    turns: int = 2

    @property
    def calls_a_run(self) -> int:
        speaking, remembering, judging = 2 * self.turns, 2, self.samples
        return self.sessions * (speaking + remembering) + judging

    @property
    def calls(self) -> int:
        return self.runs * self.calls_a_run

    @property
    def samples(self) -> int:
        return 1

    @property
    def transcript(self) -> list[tuple[int, int, int, str]]:
        """(index, session, turn, role) of every message that each run ends with."""
        turns = [(session, turn) for session in range(self.sessions) for turn in range(self.turns)]
        spoken = [(session, turn, role) for session, turn in turns for role in ("user", "assistant")]
        return [(index, *line) for index, line in enumerate(spoken)]

    def arguments(self) -> list[str]:
        return ["--runs", str(self.runs), "--sessions", str(self.sessions), "--turns", str(self.turns)]


def fill(folder: Path, load: Load) -> None:
    """Make the runs, as a page would. The queue is rung."""
    django_start(folder)
    from django.db import connection

    from agents.models import Agent
    from evalhub.accounts.models import Project
    from runs.models import EvalRun
    from runs.services import RunRequest, run_create
    from templates_app.models import EvalTemplate

    project = Project.objects.get(name="default")
    agent = Agent.objects.create(project=project, name="Counted", model=MODEL, character={"name": "Counted", "bio": "A cook."})
    template = EvalTemplate.objects.filter(name="Conversation quality").get()
    config = {
        "model": MODEL,
        "max_sessions": load.sessions,
        "max_turns_per_session": load.turns,
        "enable_consolidation": True,
        "enable_diary": True,
    }
    for number in range(load.runs):
        request = RunRequest(
            agent=agent,
            template=template,
            user_persona={"name": f"Person {number}"},
            simulation_config=config,
            config_override={"bio": f"The cook of person {number}."},
        )
        run_create(project=project, kind=EvalRun.Kind.RUN_EVAL, request=request)
    connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Put runs into the database of an installation.")
    parser.add_argument("folder", type=Path)
    for name in ("runs", "sessions", "turns"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args(sys.argv[1:])
    fill(given.folder, Load(given.runs, given.sessions, given.turns))
