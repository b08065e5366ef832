"""What the benchmark of batches asks of EvalHub: `fill` stores a batch, `dispatch` makes its children, `drain` drives it to its end,
`finish` ends the children as if somebody had and times the progress query and the summary.

`python -m tests.benchmarks.batch_work fill|dispatch|drain|finish …` in the environment of a database; prints one JSON object.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from evalhub.cli.installation import django_start
from tests.benchmarks.engine_work import PLAYED_BY, _cpu, peak_mb

QUESTION = "Which parts dealer answers customers of a bicycle shop best, number {number}, and what do people say of it? "
ASKED = 50


def fill(url: str, count: int) -> dict[str, Any]:
    """Migrate, and store one batch of `count` prompts that one model is asked."""
    from django.core.management import call_command

    from agents.models import ModelProvider
    from evalhub.accounts.models import Project
    from runs.batches.request import PromptsRequest, TargetSpec
    from runs.batches.services import batch_create
    from templates_app.models import Prompt, PromptTopic

    call_command("migrate", verbosity=0)
    project = Project.objects.create(name="bench")
    ModelProvider.objects.create(project=project, name="openai", kind="openai", base_url=f"{url}/v1", default_model="gpt-4.1-mini")
    topic = PromptTopic.objects.create(project=project, name="Parts")
    rows = [Prompt(project=project, topic=topic, text=QUESTION.format(number=number)) for number in range(count)]
    Prompt.objects.bulk_create(rows, batch_size=500)
    target = TargetSpec(target_type="text", execution_platform="openai", model_id=PLAYED_BY.partition("/")[2])
    begin = time.perf_counter()
    batch = batch_create(project=project, request=PromptsRequest(targets=[target]))
    return {"total": batch.total, "create_s": time.perf_counter() - begin}


def dispatch() -> dict[str, Any]:
    """All children, one step after the other with nothing beside it."""
    from runs.batches.tick import Ticker
    from runs.models import EvalRun

    ticker, longest, cpu, begin = Ticker(), 0.0, _cpu(), time.perf_counter()
    while True:
        since = time.perf_counter()
        if not ticker.step():
            break
        longest = max(longest, time.perf_counter() - since)
    wall = time.perf_counter() - begin
    return {"wall": wall, "cpu": _cpu() - cpu, "longest_step_s": longest, "rss_mb": peak_mb(), "children": EvalRun.objects.count()}


def drain() -> dict[str, Any]:
    """Make and drive all children and end the batch. Wall and CPU are of the drain alone; the peak is of the process."""
    from django.db.models import Count

    from runs.engine.drain import run_drain
    from runs.models import Batch, EvalRun

    cpu, begin = _cpu(), time.perf_counter()
    run_drain(linger=0)
    figures = {"wall": time.perf_counter() - begin, "cpu": _cpu() - cpu, "rss_mb": peak_mb()}
    ended = dict(EvalRun.objects.order_by().values_list("status").annotate(Count("id")))
    batch = Batch.objects.defer("cells").get()
    took = (batch.completed_at - batch.started_at).total_seconds() if batch.completed_at and batch.started_at else 0.0
    return {**figures, "ended": ended, "status": batch.status, "took": took, "scored": ended.get("completed", 0)}


def finish() -> dict[str, Any]:
    """Time `batch_progress` while children are in every state, and `summarize` when all are over."""
    from django.db import connection

    from runs.batches.progress import batch_progress
    from runs.batches.summary import summarize
    from runs.models import Batch

    batch = Batch.objects.defer("cells").get()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_trial SET score = position %% 101, passed = (position %% 3 = 0), latency_ms = position %% 7919, "
            "first_reason = CASE WHEN position %% 3 = 0 THEN '' ELSE 'reason_' || (position %% 7) END, target_index = 0",
            [],
        )
        cursor.execute(
            "UPDATE runs_evalrun SET status = CASE (SELECT position %% 10 FROM runs_trial WHERE run_id = runs_evalrun.id) "
            "WHEN 0 THEN 'running' WHEN 1 THEN 'failed' WHEN 2 THEN 'pending' ELSE 'completed' END",
            [],
        )
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    times = [_timed(lambda: batch_progress(batch.pk)) for _ in range(ASKED)]
    summary_s = _timed(lambda: summarize(batch.pk))
    return {
        "total": batch.total,
        "p50_ms": statistics.median(times) * 1000,
        "p95_ms": sorted(times)[int(ASKED * 0.95) - 1] * 1000,
        "summary_s": summary_s,
        "rss_mb": peak_mb(),
    }


def _timed(act: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def main() -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fill", "dispatch", "drain", "finish"])
    parser.add_argument("--url", default="http://127.0.0.1:9")
    parser.add_argument("--n", type=int, default=100)
    given = parser.parse_args()
    django_start()
    work: dict[str, Callable[[], dict[str, Any]]] = {
        "fill": lambda: fill(given.url, given.n),
        "dispatch": dispatch,
        "drain": drain,
        "finish": finish,
    }
    return work[given.what]()


if __name__ == "__main__":
    print(json.dumps(main()))
