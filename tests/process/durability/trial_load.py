"""A batch of API tasks: each asks for a request, sends it, and has what came back judged. Also the command that makes it."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from evalhub.cli.installation import django_start
from tests.process.durability.load import MODEL, Load

MOST_ATTEMPTS = 50  # a trial is so short that ten kills may hit one three times in the same call


@dataclass(frozen=True, slots=True)
class TrialLoad(Load):
    """`runs` trials of an API at `api_url`, each with a request of its own."""

    module: ClassVar[str] = "tests.process.durability.trial_load"

    api_url: str = ""

    @property
    def calls_a_run(self) -> int:
        return 1 + self.samples

    @property
    def transcript(self) -> list[tuple[int, int, int, str]]:
        return [(0, 0, 0, "user"), (1, 0, 0, "assistant"), (2, 0, 0, "tool")]

    def arguments(self) -> list[str]:
        return ["--runs", str(self.runs), "--api-url", self.api_url]


def fill(folder: Path, load: TrialLoad) -> None:
    """Make the batch with its children, as a dispatch leaves it. The queue is rung."""
    django_start(folder)
    from django.db import connection

    from evalhub.accounts.models import Project
    from runs.models import EvalRun
    from runs.services import ring
    from tests.support.item_api import operation
    from tests.support.trials import batch_make, profile, source, target, task_subject

    project = Project.objects.get(name="default")
    subjects = [
        task_subject(
            "rest_api",
            operation=operation(),
            judge_model=MODEL,
            custom_prompt=f"Store item number {number}.",
            expected_behavior="The item is stored.",
        )
        for number in range(load.runs)
    ]
    env = profile(project, load.api_url, TOKEN="s3cret-value-1")
    batch_make(subjects, [target(MODEL)], project=project, profiles=[env], source_snapshot=source("rest_api", base_url=load.api_url))
    EvalRun.objects.update(max_attempts=MOST_ATTEMPTS)
    ring()
    connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Put a batch of API tasks into the database of an installation.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--api-url", required=True)
    given = parser.parse_args(sys.argv[1:])
    fill(given.folder, TrialLoad(given.runs, api_url=given.api_url))
