"""The children of one batch as CSV (a row a child) or JSON lines (a child a line, with its details): some at a time, by position."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agents.llm.jsonbytes import json_bytes
from evalhub.common import spreadsheet
from runs.batches.matrix import Wanted
from runs.models import Batch, Trial

AT_ONCE = 500
DETAILED = 50  # details may hold what a program wrote
RUN = ("run__status", "run__simulation_cost_usd", "run__evaluation_cost_usd", "run__unpriced_calls", "run__error_reason")
COLUMNS = (
    *("position", "run_id", "label", "group", "eval_type", "target_type", "platform", "model", "target", "profile", "status", "passed"),
    *("score", "failure_reasons", "latency_ms", "tool_calls", "cost_usd", "unpriced_calls", "error", "created_at", "finished_at"),
)


def as_csv(batch: Batch, wanted: Wanted) -> Iterator[str]:
    yield spreadsheet.BYTE_ORDER_MARK + spreadsheet.row(COLUMNS)
    for trial in _trials(batch, wanted, AT_ONCE, "details"):
        said = _told(batch, trial) | {"failure_reasons": " ".join(trial.failure_reasons)}
        yield spreadsheet.row(_cell(said[name]) for name in COLUMNS)


def as_lines(batch: Batch, wanted: Wanted) -> Iterator[str]:
    for trial in _trials(batch, wanted, DETAILED):
        yield json_bytes(_told(batch, trial) | {"details": trial.details}).decode() + "\n"


def _trials(batch: Batch, wanted: Wanted, size: int, *left_out: str) -> Iterator[Trial]:
    """All that are wanted, in the order of the batch, one query for every `size`."""
    last = -1
    trials = wanted.of(Trial.objects.filter(batch=batch)).select_related("run").only(*_columns(left_out)).order_by("position")
    while found := list(trials.filter(position__gt=last)[:size]):
        yield from found
        last = found[-1].position


def _columns(left_out: tuple[str, ...]) -> list[str]:
    own = [field.name for field in Trial._meta.concrete_fields if field.name not in left_out and not field.is_relation]
    return [*own, *RUN]


def _told(batch: Batch, trial: Trial) -> dict[str, Any]:
    run = trial.run
    profile = batch.profiles[trial.profile_index] if trial.profile_index is not None else {}
    own = {name: getattr(trial, name) for name in COLUMNS if hasattr(trial, name)}
    return own | {
        "run_id": str(trial.run_id),
        "target": batch.targets[trial.target_index]["label"],
        "profile": profile.get("name", ""),
        "status": run.status,
        "cost_usd": None if run.unpriced_calls and not run.total_cost_usd else run.total_cost_usd,
        "unpriced_calls": run.unpriced_calls,
        "error": run.error_reason,
        "created_at": trial.created_at.isoformat(),
        "finished_at": trial.finished_at.isoformat() if trial.finished_at else None,
    }


def _cell(value: Any) -> spreadsheet.Cell:
    """A verdict is a word: TRUE is something else in every language of a spreadsheet."""
    if isinstance(value, bool):
        return "passed" if value else "failed"
    return value if value is None or isinstance(value, str | int | float) else str(value)


FORMS: Mapping[str, tuple[Callable[[Batch, Wanted], Iterator[str]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "jsonl": (as_lines, "application/x-ndjson"),
}
