"""The work of a test of batches: prompts by targets, every call another one. As a command it puts them into an installation's database."""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from evalhub.cli.installation import django_start
from tests.process.durability.installation import Installation
from tests.process.durability.load import MODEL, Load
from tests.process.running import ROOT, told


@dataclass(frozen=True, slots=True)
class BatchLoad(Load):
    """`runs` children in all, of `batches` batches; each asks its prompt once."""

    batches: int = 1

    @property
    def calls_a_run(self) -> int:
        return 1


def fill(here: Installation, load: BatchLoad) -> None:
    """Put batches into it and ring."""
    here.load = load
    command = [sys.executable, "-m", "tests.process.durability.batch_load", str(here.folder), str(load.runs), str(load.batches)]
    done = subprocess.run(command, cwd=ROOT, env=told(here.settings), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def store(folder: Path, runs: int, batches: int) -> None:
    django_start(folder)
    from django.db import connection

    from evalhub.accounts.models import Project
    from runs.batches.request import PromptsRequest, TargetSpec
    from runs.batches.services import batch_create
    from templates_app.models import Prompt, PromptTopic

    project = Project.objects.get(name="default")
    topic = PromptTopic.objects.create(project=project, name="Clouds")
    provider, _, model = MODEL.partition("/")
    target = TargetSpec(target_type="text", execution_platform=provider, model_id=model)
    for number in range(batches):
        rows = [Prompt(project=project, topic=topic, text=f"Which cloud is best for {number}/{place}?") for place in range(runs // batches)]
        Prompt.objects.bulk_create(rows, batch_size=500)
        batch_create(project=project, request=PromptsRequest(prompt_ids=[str(row.pk) for row in rows], targets=[target]))
    connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Put batches into the database of an installation.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", type=int)
    parser.add_argument("batches", type=int)
    given = parser.parse_args(sys.argv[1:])
    store(given.folder, given.runs, given.batches)
