"""Conversations by the hundred, for processes to work on: made in the database that the environment names, and what became of them.

A process has one database, so this runs in one of its own: `python -m tests.benchmarks.conversations make 50` and `… wait 20`, with
EVALHUB_DATA_DIR or DATABASE_URL set, print JSON. `conversations` runs either.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TURNS = 6
AGENT, USER, JUDGE = "openai/gpt-4o-mini", "openai/gpt-4o", "openai/gpt-4.1"  # three models, so that a server can tell who asks; all priced
CALLS = 2 * TURNS + 1  # of one conversation, when nothing goes wrong


def conversations(*arguments: str, environment: Mapping[str, str]) -> Any:
    """What `python -m tests.benchmarks.conversations` prints in that environment."""
    command = [sys.executable, "-m", "tests.benchmarks.conversations", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=dict(environment))
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def make(count: int) -> int:
    """`count` pending runs of six turns, user and agent both played by a model, and a judge with two categories."""
    from evalhub.cli.installation import prepare
    from runs.models import EvalRun
    from tests.support.runs import agent_make, project_make, run_make, template_make

    prepare()
    project = project_make("many")
    agent, template = agent_make(project, "Mara"), template_make(project, judge_model=JUDGE)
    config = {"model": USER, "max_turns_per_session": TURNS}
    session = [{"name": "Only", "time_gap_hours": 0, "turns": []}]
    for _ in range(count):
        run_make(project=project, agent=agent, template=template, model=AGENT, simulation_config=config, sessions=session)
    return EvalRun.objects.count()


def wait(seconds: float) -> dict[str, Any]:
    """How the runs stand once all are final, or after so many seconds, and whether what is stored adds up."""
    from runs.models import EvalRun
    from runs.states import FINAL

    until = time.monotonic() + seconds
    while EvalRun.objects.exclude(status__in=FINAL).exists() and time.monotonic() < until:
        time.sleep(0.2)
    return tell()


def tell() -> dict[str, Any]:
    from runs.models import EvalRun, ModelCall

    runs = list(EvalRun.objects.all())
    return {
        "runs": len(runs),
        "status": Counter(str(run.status) for run in runs),
        "scored": sum(run.score is not None and run.evaluation_result["unscored"] == 0 for run in runs),
        "whole": sum(run.total_turns == TURNS and run.messages.count() == 2 * TURNS for run in runs),
        "gapless": sum(_gapless(run) for run in runs),
        "balanced": sum(run.simulation_cost_usd + run.evaluation_cost_usd == _spent(run) > 0 for run in runs),
        "calls": ModelCall.objects.count(),
        "failed_calls": ModelCall.objects.exclude(error="").count(),
        "reasons": Counter(run.error_reason for run in runs if run.error_reason),
    }


def _gapless(run: Any) -> bool:
    return list(run.events.order_by("seq").values_list("seq", flat=True)) == list(range(run.next_seq))


def _spent(run: Any) -> Decimal:
    return sum((price for price in run.model_calls.values_list("price_usd", flat=True) if price is not None), Decimal(0))


if __name__ == "__main__":
    from evalhub.cli.installation import django_start

    django_start()
    print(json.dumps(make(int(sys.argv[2])) if sys.argv[1] == "make" else wait(float(sys.argv[2]))))
