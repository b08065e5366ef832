"""The SQL of the group commit: the rows of many runs in a few statements, without a model object on the way. Called by the journal.

One statement a table and commit: a thread that lets go of the interpreter's lock for every row waits for it as often. What differs between
the databases is only how rows are handed over (`Rows.source`). A test compares the columns with the models.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from enum import Enum
from functools import cache, partial
from typing import Any

from django.db import connection, models
from django.utils import timezone

from agents.llm.jsonbytes import json_bytes
from agents.llm.types import CallRecord
from runs.engine import meter
from runs.engine.steps import Step
from runs.events import log
from runs.models import MODEL_NAME, Citation, EvalRun, Mention, Message, ModelCall, RunEvent, Trial, Verdict
from runs.states import Status

COLUMNS: Mapping[type[models.Model], tuple[str, ...]] = {
    Message: (
        *("run_id", "index", "session_index", "turn_index", "role", "content"),
        *("name", "tool_calls", "tool_call_id", "simulated_at", "created_at"),
    ),
    ModelCall: (
        *("run_id", "purpose", "model", "attempt", "input_tokens", "output_tokens", "cached_input_tokens"),
        *("price_usd", "latency_ms", "finish_reason", "error", "created_at"),
    ),
    Verdict: ("run_id", "kind", "judge_model", "sample", "answer", "created_at"),
    RunEvent: ("run_id", "seq", "type", "payload", "created_at"),
    Mention: ("run_id", "project_id", "day", "demo", "platform", "topic_id", "brand_id", "brand", "is_own", "count", "rank"),
    Citation: ("run_id", "project_id", "day", "demo", "platform", "topic_id", "place", "url", "domain", "is_own"),
}
# How a trial ended; what it was to do stands in its row since the batch made it.
ENDS = (
    *("passed", "score", "failure_reasons", "first_reason", "latency_ms", "tool_calls"),
    *("own_mentions", "all_mentions", "own_rank", "details", "finished_at"),
)
RUNS = EvalRun._meta.db_table
MOST_PARAMETERS = 30_000  # SQLite takes 32,766 in one statement
Encoder = Callable[[Any], Any]


def write(steps: Sequence[Step]) -> set[uuid.UUID]:
    """Write the steps, each of another run, whose lease still holds. Returns the marks of the others. Call it in a transaction."""
    now = timezone.now()
    lost = fence(steps, now)
    held = [step for step in steps if step.mark not in lost] if lost else steps
    _insert(Message, [row for step in held for row in _messages(step, now)])
    _insert(ModelCall, [row for step in held for row in _calls(step, now)])
    _insert(Verdict, [_verdict(verdict) for step in held for verdict in step.verdicts])
    _insert(RunEvent, [(step.lease.run_id, event.seq, event.type, event.payload, now) for step in held for event in step.events])
    ended = [step for step in held if step.outcome]
    _update(Trial, ("run_id", *ENDS), [row for step in ended for row in _ends(step, now)])
    _insert(Mention, [row for step in ended for row in _mentions(step, now)])
    _insert(Citation, [row for step in ended for row in _citations(step, now)])
    meter.count(held, now)
    log.announce([step.lease.run_id for step in held if step.events])
    return lost


def fence(steps: Sequence[Step], now: Any) -> set[uuid.UUID]:
    """Write the runs' columns where the token is still ours. Returns the marks of the steps whose run is somebody else's."""
    groups: dict[tuple[str, ...], list[Step]] = {}
    for step in steps:
        groups.setdefault(tuple(step.columns), []).append(step)
    won = sum(_update_runs(columns, group, now) for columns, group in groups.items())
    return set() if won == len(steps) else {step.mark for step in steps} - landed(steps)


def landed(steps: Sequence[Step]) -> set[uuid.UUID]:
    """The marks that stand in the runs: of the steps that were written, while each is of another run."""
    ids, marks = [step.lease.run_id for step in steps], [step.mark for step in steps]
    # By key: marks have no index, and this is asked while SQLite's write lock is held.
    found = EvalRun.objects.filter(pk__in=ids, last_commit__in=marks).order_by().values_list("last_commit", flat=True)
    return {mark for mark in found if mark}


def _update_runs(columns: Sequence[str], steps: Sequence[Step], now: Any) -> int:
    names = ("id", "lease_token", "last_commit", "updated_at", *columns)
    rows = [(step.lease.run_id, step.lease.token, step.mark, now, *step.columns.values()) for step in steps]
    return _update(EvalRun, names, rows, keys=2, only=f" AND {RUNS}.status = '{Status.RUNNING.value}'")


def _update(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]], keys: int = 1, only: str = "") -> int:
    """Write each row where its first `keys` values are found. Returns how many were."""
    table = model._meta.db_table
    fields = [_field(model, name) for name in names]
    sets = ", ".join(f"{field.column} = v.c{number}" for number, field in enumerate(fields) if number >= keys)
    found = " AND ".join(f"{table}.{field.column} = v.c{number}" for number, field in enumerate(fields[:keys]))
    return sum(
        # Begins with UPDATE: of a statement that begins with WITH, SQLite's driver does not tell how many rows it changed.
        _execute(f"UPDATE {table} SET {sets} FROM ({source}) AS v WHERE {found}{only}", parameters)  # noqa: S608  names of our own columns
        for source, parameters in _sources(fields, rows)
    )


def _insert(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    insert(model, COLUMNS[model], rows)


def insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows of these columns. What has a default there must be among them: the database knows none. Call it in a transaction."""
    fields = [_field(model, name) for name in names]
    heads = ", ".join(f'"{field.column}"' for field in fields)
    for source, parameters in _sources(fields, rows):
        _execute(f'INSERT INTO "{model._meta.db_table}" ({heads}) {source}', parameters)  # noqa: S608  names of our own columns


# Rows of the tables


def _messages(step: Step, now: Any) -> Iterator[tuple[Any, ...]]:
    for line in step.lines:
        yield (
            *(step.lease.run_id, line.index, line.session_index, line.turn_index, line.role, line.content),
            *(line.name, list(line.tool_calls), line.tool_call_id, line.simulated_at, now),
        )


def _calls(step: Step, now: Any) -> Iterator[tuple[Any, ...]]:
    for call in step.calls:
        yield (step.lease.run_id, step.purpose.value, *_told(call), now)


def _told(call: CallRecord) -> tuple[Any, ...]:
    usage = call.usage
    return (
        *(call.model[:MODEL_NAME], call.attempt, usage.input_tokens, usage.output_tokens, usage.cached_input_tokens),
        *(call.price_usd, call.latency_ms, call.finish_reason[:40], call.error),
    )


def _verdict(verdict: Verdict) -> tuple[Any, ...]:
    return tuple(getattr(verdict, name) for name in COLUMNS[Verdict])


def _ends(step: Step, now: Any) -> Iterator[tuple[Any, ...]]:
    if ended := step.outcome:
        yield (
            *(step.lease.run_id, ended.passed, ended.score, list(ended.failure_reasons), ended.first_reason),
            *(ended.latency_ms, ended.tool_calls, ended.own_mentions, ended.all_mentions, ended.own_rank, dict(ended.details), now),
        )


def _mentions(step: Step, now: Any) -> Iterator[tuple[Any, ...]]:
    for each in step.outcome.mentions if step.outcome else ():
        yield (*_said_in(step, now), each.brand_id, each.brand, each.is_own, each.count, each.rank)


def _citations(step: Step, now: Any) -> Iterator[tuple[Any, ...]]:
    for each in step.outcome.citations if step.outcome else ():
        yield (*_said_in(step, now), each.place, each.url, each.domain, each.is_own)


def _said_in(step: Step, now: Any) -> tuple[Any, ...]:
    """What the rows of one answer share: the day is that of UTC."""
    demo, platform, topic = (step.outcome.demo, step.outcome.platform, step.outcome.topic_id) if step.outcome else (False, "", None)
    return step.lease.run_id, step.project_id, now.astimezone(UTC).date().isoformat(), demo, platform, topic


# How rows are handed to the database


def _sources(fields: Sequence["models.Field[Any, Any]"], rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """A query that yields the rows with columns c0, c1 …, and its parameters; more than one where there are too many for one statement."""
    size = MOST_PARAMETERS // len(fields)
    encoders = [_encoder(connection.vendor, field) for field in fields]
    for start in range(0, len(rows), size):
        columns = [_encoded(encode, column) for encode, column in zip(encoders, zip(*rows[start : start + size], strict=True), strict=True)]
        yield _records(fields, columns) if connection.vendor == "postgresql" else _values(columns)


def _encoded(encode: Encoder | None, column: Sequence[Any]) -> Sequence[Any]:
    if encode is None:
        return column
    if column.count(column[0]) == len(column):  # the time of the commit stands in every row
        return [encode(column[0])] * len(column)
    return [encode(value) for value in column]


def _values(columns: Sequence[Sequence[Any]]) -> tuple[str, Sequence[Any]]:
    """SQLite: VALUES (…), (…)."""
    row = f"({', '.join('?' * len(columns))})"
    read = ", ".join(f"column{number + 1} AS c{number}" for number in range(len(columns)))
    return f"SELECT {read} FROM (VALUES {', '.join([row] * len(columns[0]))})", [  # noqa: S608  as above
        value for row in zip(*columns, strict=True) for value in row
    ]


def _records(fields: Sequence["models.Field[Any, Any]"], columns: Sequence[Sequence[Any]]) -> tuple[str, Sequence[Any]]:
    """PostgreSQL: one JSON text, so that the statement is as short for a hundred rows as for one. Arrays took three times the CPU."""
    names = [f"c{number}" for number in range(len(fields))]
    typed = list(zip(names, fields, strict=True))
    types = ", ".join(f"{name} {_record_type(field)}" for name, field in typed)
    read = ", ".join(f"{name}::jsonb AS {name}" if isinstance(field, models.JSONField) else name for name, field in typed)
    text = json_bytes([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]).decode()
    return f"SELECT {read} FROM json_to_recordset(%s::json) AS r({types})", [text]  # noqa: S608  as above


def _record_type(field: "models.Field[Any, Any]") -> str:
    return "text" if isinstance(field, models.JSONField) else str(field.db_type(connection))


def _execute(sql: str, parameters: Sequence[Any]) -> int:
    """Run past Django's cursor, which would rewrite each of a statement's thousand placeholders; errors are Django's all the same."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return int(connection.connection.execute(sql, parameters).rowcount)


@cache
def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    """A field by its name, or by its column's."""
    return next(field for field in model._meta.concrete_fields if name in (field.name, field.attname))


@cache
def _encoder(vendor: str, field: "models.Field[Any, Any]") -> Encoder | None:
    """What makes a value one that the driver takes; None where every value is."""
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.DecimalField):
        return partial(field.get_db_prep_save, connection=connection)
    if vendor == "sqlite" and isinstance(_target(field), models.UUIDField):
        return _hex
    if vendor == "sqlite" and isinstance(field, models.DateTimeField):
        return partial(field.get_db_prep_save, connection=connection)
    return _plain if field.choices else None


def _target(field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    return field.target_field if isinstance(field, models.ForeignKey) else field


def _json(value: Any) -> str:
    return value if type(value) is log.Written else json_bytes(value).decode()


def _hex(value: uuid.UUID | None) -> str | None:
    return value.hex if value else None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
