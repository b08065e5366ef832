"""A provider with limits in an installation's database, as its owner sets them. A command, since a test process is of no installation."""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from evalhub.cli.installation import django_start
from tests.process.running import ROOT, told


def provider_make(folder: Path, settings: Mapping[str, str], url: str, **limits: int) -> None:
    """The default project's provider `openai` at this address."""
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in limits.items()]
    command = [sys.executable, "-m", __name__, str(folder), url, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=told(settings), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def _make(folder: Path, url: str, max_concurrent: int | None, requests_per_minute: int | None) -> None:
    django_start(folder)
    from django.db import connection

    from agents.models import ModelProvider
    from evalhub.accounts.models import Project

    ModelProvider.objects.create(
        project=Project.objects.get(name="default"),
        name="openai",
        base_url=url,
        max_concurrent=max_concurrent,
        requests_per_minute=requests_per_minute,
    )
    connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Add a provider with limits.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("url")
    parser.add_argument("--max-concurrent", type=int)
    parser.add_argument("--requests-per-minute", type=int)
    given = parser.parse_args()
    _make(given.folder, given.url, given.max_concurrent, given.requests_per_minute)
