"""Fills an empty database with finished runs for the benchmark of pages, in bulk, and opens a session for somebody who reads them.

Runs in a process of its own, since a process has one database: `python -m tests.benchmarks.overview_filling --runs 1000`, with
EVALHUB_DATA_DIR or DATABASE_URL set, prints a `Filled` as JSON.
"""

import argparse
import json
import random
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from evalhub.cli.installation import django_start, prepare

if TYPE_CHECKING:  # models can be imported once Django is set up
    from runs.models import EvalRun

PAGES = ("/", "/?days=7", "/?days=90", "/overview/now", "/runs/")
SPAN = timedelta(days=180)
CHUNK = 2_000
AGENTS, TEMPLATES = 4, 3
RUNS_A_BATCH = 100
ENDS = ("completed",) * 17 + ("failed", "cancelled", "interrupted")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a visitor needs: the cookie of a session. And how many queries each page takes."""

    session: str
    queries: dict[str, int]


def fill(count: int) -> Filled:
    """A project with `count` runs, another with a tenth as many, calls of every day, and batches that are over, as many as runs allow."""
    prepare()
    from evalhub.accounts.models import Project

    ours, neighbour = (Project.objects.create(name=name) for name in ("bench", "neighbour"))
    for project, runs in ((ours, count), (neighbour, count // 10)):
        _runs_make(project, runs)
        _calls_make(project)
        _batches_make(project, runs // RUNS_A_BATCH)
    _settle()
    return _visited(ours)


def _runs_make(project: Any, count: int) -> None:
    from runs.models import EvalRun
    from tests import factories

    chance = random.Random(count)
    agents = [factories.agent(project=project, name=f"Mara {number}") for number in range(AGENTS)]
    templates = [factories.template(project=project, name=f"Quality {number}") for number in range(TEMPLATES)]
    adaptation = factories.template(project=project, name="Adaptation", kind="adaptation", categories=("recall", "consistency"))
    samples = [
        factories.run(project=project, agent=agent, template=template, adaptation_template=adaptation)
        for agent in agents
        for template in templates
    ]
    now = _now()
    for first in range(0, count, CHUNK):
        EvalRun.objects.bulk_create(_copy(chance.choice(samples), chance, now) for _ in range(min(CHUNK, count - first)))
    EvalRun.objects.filter(pk__in=[sample.pk for sample in samples]).delete()


def _now() -> datetime:
    from django.utils import timezone

    return timezone.now()


def _copy(sample: "EvalRun", chance: random.Random, now: datetime) -> "EvalRun":
    """A finished run like the sample, some time ago."""
    from runs.models import EvalRun
    from tests import factories

    columns = {field.attname: getattr(sample, field.attname) for field in EvalRun._meta.concrete_fields if not field.primary_key}
    status = chance.choice(ENDS)
    score = round(min(max(chance.gauss(75, 12), 0), 100), 1) if status == "completed" and chance.random() > 0.03 else None
    at = now - SPAN * chance.random()
    result = factories.result(template=sample.template_snapshot, score=score) if status == "completed" else {}
    told = {"status": status, "score": score, "adaptation_score": score, "evaluation_result": result, "created_at": at}
    return EvalRun(**(columns | told | {"started_at": at, "completed_at": at, "uses_demo": chance.random() < 0.2, "total_turns": 8}))


def _calls_make(project: Any) -> None:
    from runs.models import CallTally, ModelCall

    today = _now().date()
    models = [f"provider/model-{number}" for number in range(5)]
    CallTally.objects.bulk_create(
        CallTally(project=project, day=today - timedelta(days=day), model=model, purpose=purpose, calls=20, price_usd=day % 7)
        for day in range(SPAN.days)
        for model in models
        for purpose in ModelCall.Purpose.values
    )


def _batches_make(project: Any, count: int) -> None:
    """Batches with their summaries and the cells of a hundred children each, and one that is under way."""
    from runs.models import Batch

    overall = {"passed": 70, "judged": 90, "scored": 0, "mean_score": None, "cost_usd": "1.5", "unpriced_calls": 0}
    told: dict[str, Any] = {"project": project, "source_type": "custom_evals", "total": RUNS_A_BATCH, "eval_count": 50, "model_count": 2}
    told["cells"] = [[number // 2, number % 2, None] for number in range(RUNS_A_BATCH)]
    now = _now()
    over = {"status": "completed", "dispatched": RUNS_A_BATCH, "summary": {"overall": overall}}
    Batch.objects.bulk_create(
        [Batch(**told, **over, created_at=now - SPAN * (number / count), completed_at=now) for number in range(1, count + 1)],
        batch_size=200,
    )
    Batch.objects.create(**told, status="running", started_at=now)


def _settle() -> None:
    """What autovacuum does on PostgreSQL within minutes of a load."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")


def _visited(project: Any) -> Filled:
    """A session of a member, and the queries of each page with Django's test client."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests import factories

    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(factories.user(project=project, role="editor"))
    queries = {}
    for page in PAGES:
        client.get(page)
        with CaptureQueriesContext(connection) as captured:
            response = client.get(page)
        assert response.status_code == 200, (page, response.status_code)
        queries[page] = len(captured)
    return Filled(client.cookies["sessionid"].value, queries)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fill the database that the environment names.")
    parser.add_argument("--runs", type=int, required=True)
    wanted = parser.parse_args().runs
    django_start()
    print(json.dumps(asdict(fill(wanted))))
