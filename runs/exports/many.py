"""Many runs as CSV (a row a run) or JSON lines (a run a line, as the API answers it): all that filters leave, or those of a selection.

Runs are read a few at a time by their place in the list, so that memory and queries do not depend on how many there are.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from agents.llm.jsonbytes import json_bytes
from evalhub.accounts.models import Project
from evalhub.common import spreadsheet
from runs.bodies import run_body
from runs.finding import Wanted, find
from runs.live.rows import Row, rows, runs_of
from runs.models import EvalRun
from runs.selectors import runs_whole

BATCH = 100
WHOLE = 10  # with transcripts
Ids = Sequence[uuid.UUID]
COLUMNS: Mapping[str, Callable[[Row], spreadsheet.Cell]] = {
    "run_id": lambda row: str(row.run.id),
    "agent": lambda row: row.run.agent_name,
    "agent_id": lambda row: str(row.run.agent_id or ""),
    "kind": lambda row: row.run.kind,
    "status": lambda row: row.run.status,
    "template": lambda row: row.template_name,
    "adaptation_template": lambda row: row.adaptation_name,
    "persona": lambda row: str(row.run.user_persona.get("name") or ""),
    "score": lambda row: row.run.score,
    "adaptation_score": lambda row: row.run.adaptation_score,
    "demo": lambda row: "demo" if row.run.uses_demo else "",
    "sessions": lambda row: row.run.total_sessions,
    "turns": lambda row: row.run.total_turns,
    "cost_usd": lambda row: None if _is_unpriced(row.run) else row.run.total_cost_usd,
    "unpriced_calls": lambda row: row.run.unpriced_calls,
    "seconds": lambda row: None if row.elapsed is None or row.since else round(row.elapsed, 3),
    "agent_model": lambda row: row.run.agent_model,
    "user_model": lambda row: row.run.user_model,
    "judge_model": lambda row: row.run.judge_model,
    "error": lambda row: row.run.error_reason,
    "created_at": lambda row: row.run.created_at.isoformat(),
    "completed_at": lambda row: row.run.completed_at.isoformat() if row.run.completed_at else None,
}


def _is_unpriced(run: EvalRun) -> bool:
    """An empty cell: a cost that is not known is not nothing."""
    return bool(run.unpriced_calls) and not run.total_cost_usd


def found_ids(project: Project, wanted: Wanted) -> Iterator[list[uuid.UUID]]:
    """All that the filters leave, in their order, some at a time."""
    place = None
    while True:
        page = find(project=project, wanted=wanted, size=BATCH, after=place)
        yield [place.run_id for place in page.places]
        if page.next is None:
            return
        place = page.next


def as_csv(project: Project, batches: Iterable[Ids]) -> Iterator[str]:
    yield spreadsheet.BYTE_ORDER_MARK + spreadsheet.row(COLUMNS)
    for ids in batches:
        for row in rows(runs_of(project, ids)):
            yield spreadsheet.row(cell(row) for cell in COLUMNS.values())


def as_lines(project: Project, batches: Iterable[Ids]) -> Iterator[str]:
    for ids in batches:
        projects = dict(EvalRun.objects.filter(pk__in=ids).order_by().values_list("pk", "project"))
        ours = [run_id for run_id in ids if projects.get(run_id) == project.pk]
        for start in range(0, len(ours), WHOLE):
            yield from _lines(ours[start : start + WHOLE])


def _lines(ids: Ids) -> Iterator[str]:
    """As many queries as it takes for transcripts that are too long together."""
    while ids:
        whole, taken = runs_whole(ids=ids)
        for run, messages in whole:
            yield json_bytes(run_body(run, messages)).decode() + "\n"
        ids = ids[taken:]


FORMS: Mapping[str, tuple[Callable[[Project, Iterable[Ids]], Iterator[str]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "jsonl": (as_lines, "application/x-ndjson"),
}
