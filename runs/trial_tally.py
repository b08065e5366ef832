"""What came of the trials of each day: answers to prompts and what they say of brands, and how many trials passed (docs/decisions/0027).

Share of voice, the trends of pass rates and the history of custom evals read some thousand of these rows instead of every trial there ever
was. A trial is counted under the UTC day it finished, once it was given an answer or was decided; kept by triggers on the trials.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db import connection

from evalhub.common.sql import sql_value
from evalhub.common.statistics import Sums
from runs.batches.shares import Voice
from runs.models import Trial
from runs.models.target import OF_DEMO
from runs.sums import NOBODY, Figure, Key, SumTable
from templates_app.models import SourceType
from templates_app.reasons import FailureReason

TALLY = "runs_trial_tally"
GIVEN = ("", FailureReason.BEHAVIOUR_NOT_MET.value)  # only a judge may have found fault with an answer; without one there is another reason
IS_GIVEN = "{row}first_reason IN (" + ", ".join(f"'{reason}'" for reason in GIVEN) + ")"
IS_ANSWER = f"({{row}}source_type = '{SourceType.PROMPTS.value}' AND {IS_GIVEN})"
IS_DEMO = f"substr(target_key, 1, {len(OF_DEMO)}) = '{OF_DEMO}'"
OF_ANSWER = ("own_mentions", "all_mentions", "own_rank")

TABLE = SumTable(
    name=TALLY,
    prefix="trial_tally_",
    version=1,
    source=Trial._meta.db_table,
    keys=[
        Key("project_id", "uuid", "{row}project_id"),
        Key("source_type", "text", "{row}source_type"),
        Key("day", "day", "{row}finished_at", moment=True),
        Key("group_id", "uuid", "{row}group_id"),
        Key("source_id", "uuid", "{row}source_id"),
        Key("target_key", "text", "{row}target_key", indexed=False),
        Key("platform", "text", "{row}platform", indexed=False),
        Key("model", "text", "{row}model", indexed=False),
        Key("group_name", "text", '{row}"group"', indexed=False),
    ],
    figures=[
        Figure("trials", "1"),
        Figure("judged", "CASE WHEN {row}passed IS NULL THEN 0 ELSE 1 END"),
        Figure("passed", "CASE WHEN {row}passed THEN 1 ELSE 0 END"),
        Figure("answers", f"CASE WHEN {IS_ANSWER} THEN 1 ELSE 0 END"),
        Figure("own", f"CASE WHEN {IS_ANSWER} THEN {{row}}own_mentions ELSE 0 END"),
        Figure("total", f"CASE WHEN {IS_ANSWER} THEN {{row}}all_mentions ELSE 0 END"),
        Figure("named", f"CASE WHEN {IS_ANSWER} AND {{row}}own_rank IS NOT NULL THEN 1 ELSE 0 END"),
        Figure("ranks", f"CASE WHEN {IS_ANSWER} THEN COALESCE({{row}}own_rank, 0) ELSE 0 END"),
        Figure("squares", f"CASE WHEN {IS_ANSWER} THEN COALESCE({{row}}own_rank * {{row}}own_rank, 0) ELSE 0 END"),
    ],
    counted=f"({{row}}finished_at IS NOT NULL AND ({{row}}passed IS NOT NULL OR {IS_GIVEN}))",
    places=(
        *("project_id", "source_type", "finished_at", "group_id", "source_id", "target_key", "platform", "model", '"group"'),
        *("passed", "first_reason", *OF_ANSWER),
    ),
)
KEPT = TABLE.kept
OF_VOICE = ("answers", "own", "total", "named", "ranks", "squares")


@dataclass(frozen=True, slots=True)
class Place:
    """Where answers came from. `name` is the topic's as the answers have it."""

    demo: bool
    platform: str
    topic_id: uuid.UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class Results:
    """How many results a target has in a category, `name` as the results have it; and how many of them passed."""

    target_key: str
    platform: str
    model: str
    group_id: uuid.UUID | None
    name: str
    judged: int
    passed: int


def answers_by_place(*, project_id: uuid.UUID, first: date, last: date) -> list[tuple[Place, Voice]]:
    """Of a window of days. One query."""
    columns = f"{IS_DEMO} AS demo, platform, group_id"
    rows = _rows(
        f"{columns}, max(group_name), {_sums(OF_VOICE)}",
        "demo, platform, group_id HAVING sum(answers) > 0",
        "source_type = %s AND day BETWEEN %s AND %s",
        [project_id, SourceType.PROMPTS.value, first, last],
    )
    return [(Place(bool(demo), platform, _key(topic), name), _said(*said)) for demo, platform, topic, name, *said in rows]


def answers_by_day(
    *, project_id: uuid.UUID, first: date, last: date, demo: bool, platform: str = "", topic_id: uuid.UUID | None = None
) -> list[tuple[date, Voice]]:
    """Of a window of days; of all platforms and topics, where none is named. One query."""
    where = f"source_type = %s AND day BETWEEN %s AND %s AND {'' if demo else 'NOT '}({IS_DEMO})"
    parameters: list[Any] = [project_id, SourceType.PROMPTS.value, first, last]
    if platform:
        where, parameters = f"{where} AND platform = %s", [*parameters, platform]
    if topic_id:
        where, parameters = f"{where} AND group_id = %s", [*parameters, topic_id]
    rows = _rows(f"day, {_sums(OF_VOICE)}", "day HAVING sum(answers) > 0", where, parameters)
    return [(day, _said(*said)) for day, *said in rows]


def kinds(*, project_id: uuid.UUID) -> set[str]:
    """Which kinds of source have a trial that passed or failed. One query."""
    return {kind for (kind,) in _rows("source_type", "source_type HAVING sum(judged) > 0", "TRUE", [project_id])}


def passed_by_day(
    *, project_id: uuid.UUID, source_type: str, by: Literal["target_key", "source_id"], first: date
) -> list[tuple[str, date, int, int]]:
    """From a day on: a target's key or a source's id, the day, how many trials were decided, and how many passed. One query."""
    rows = _rows(
        f"{by}, day, {_sums(('judged', 'passed'))}",
        f"{by}, day HAVING sum(judged) > 0",
        "source_type = %s AND day >= %s",
        [project_id, source_type, first],
    )
    return [(str(_key(key) if by == "source_id" else key), day, int(n), int(passed)) for key, day, n, passed in rows]


def results(*, project_id: uuid.UUID, source_type: str) -> list[Results]:
    """All that were decided, ever, by target and category. One query."""
    keys = ("target_key", "platform", "model", "group_id")
    rows = _rows(
        f"{', '.join(keys)}, max(group_name), {_sums(('judged', 'passed'))}",
        f"{', '.join(keys)} HAVING sum(judged) > 0",
        "source_type = %s",
        [project_id, source_type],
    )
    return [Results(target, platform, model, _key(group), name, int(n), int(ok)) for target, platform, model, group, name, n, ok in rows]


def _sums(names: Sequence[str]) -> str:
    return ", ".join(f"sum({name})" for name in names)


def _rows(columns: str, grouped: str, where: str, parameters: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Of a project, which is the first parameter. Added up as far as it can be in SQL: reading a row costs more than adding it."""
    with connection.cursor() as cursor:
        sql = f"SELECT {columns} FROM {TALLY} WHERE project_id = %s AND {where} GROUP BY {grouped}"  # noqa: S608  names of ours
        cursor.execute(sql, [sql_value(each) for each in parameters])
        yield from cursor.fetchall()


def _said(answers: int, own: int, total: int, named: int, ranks: int, squares: int) -> Voice:
    return Voice(int(answers), int(named), int(own), int(total), Sums(int(named), int(ranks), int(squares)))


def _key(value: Any) -> uuid.UUID | None:
    key = value if isinstance(value, uuid.UUID) else uuid.UUID(value)
    return None if key == NOBODY else key
