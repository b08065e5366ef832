"""How many runs a project, and each of its agents, has of each day, kept by the database itself as runs come and go (`RunTally`).

A list knows its length and finds any place in itself from a few hundred of these rows, instead of walking past every run there ever was
(docs/decisions/0008). Triggers keep them, so that no way of writing runs can forget to: `install` is called after every migration.
`runs.selectors` is the only reader.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.models import EvalRun, RunTally

RUNS, TALLY = EvalRun._meta.db_table, RunTally._meta.db_table
TRIGGERS = ("run_tally_come", "run_tally_go", "run_tally_move")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a list, reached from the nearer side: the first run after `skip` others, counted from a midnight.

    Backwards (`from_oldest`) it begins with the oldest run at or after that midnight; otherwise with the newest before it.
    """

    midnight: datetime
    skip: int
    from_oldest: bool


Day = tuple[date, int]


def days(*, project_id: uuid.UUID, scope: uuid.UUID) -> list[Day]:
    """The days with runs, newest first. `scope` is one of the project's agents, or the project itself for all its runs. One query."""
    found = RunTally.objects.filter(project_id=project_id, scope=scope, runs__gt=0).order_by("-day")
    return list(found.values_list("day", "runs"))


def stretch(counted: Sequence[Day], first: int, last: int) -> Stretch:
    """The way to the runs from place `first` up to, not including, place `last`, where 0 is the newest. Both must be in the list."""
    total = sum(runs for _, runs in counted)
    day, newer = _walk(counted, first)
    end, older = _walk(reversed(counted), total - last)
    if newer <= older:
        return Stretch(_midnight(day + timedelta(days=1)), newer, from_oldest=False)
    return Stretch(_midnight(end), older, from_oldest=True)


def _walk(counted: Iterable[Day], place: int) -> Day:
    """The day in which a place lies, and how many runs come before it within that day."""
    for day, runs in counted:
        if place < runs:
            return day, place
        place -= runs
    raise ValueError("The place is outside of the list.")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def install(using: str = "default") -> None:
    """Make the triggers and count what is there, unless that is done.

    Not part of a migration: SQLite drops the triggers of a table without a word when a later migration remakes it.
    """
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if TALLY not in connection.introspection.table_names(cursor) or _installed(connection):
            return
        for statement in (*_removal(connection), *(_postgres() if connection.vendor == "postgresql" else _sqlite())):
            cursor.execute(statement)  # on PostgreSQL this also keeps writers out until the count is committed
        cursor.execute(f"DELETE FROM {TALLY}")  # noqa: S608  names of tables only, as in all SQL below
        cursor.execute(f"INSERT INTO {TALLY} (project_id, scope, day, runs) {_counted(RUNS, connection.vendor)}")


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers off, for a migration that takes the table away."""
    with connection.cursor() as cursor:
        for statement in _removal(connection):
            cursor.execute(statement)


def _installed(connection: BaseDatabaseWrapper) -> bool:
    known = (
        "SELECT tgname FROM pg_trigger" if connection.vendor == "postgresql" else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(known)
        return set(TRIGGERS) <= {name for (name,) in cursor.fetchall()}


def _removal(connection: BaseDatabaseWrapper) -> list[str]:
    return [f"DROP TRIGGER IF EXISTS {name}" + (f" ON {RUNS}" if connection.vendor == "postgresql" else "") for name in TRIGGERS]


def _day(row: str, vendor: str) -> str:
    """The UTC day of a run."""
    return f"({row}created_at AT TIME ZONE 'UTC')::date" if vendor == "postgresql" else f"substr({row}created_at, 1, 10)"


def _counted(source: str, vendor: str) -> str:
    """(project_id, scope, day, runs) of the runs in `source`. Always in the same order, so that two writers cannot wait for each other."""
    return f"""
        SELECT project_id, scope, {_day("", vendor)} AS day, count(*) AS runs FROM (
            SELECT project_id, created_at, project_id AS scope FROM {source} AS every
            UNION ALL SELECT project_id, created_at, agent_id FROM {source} AS every
        ) AS counted WHERE scope IS NOT NULL GROUP BY project_id, scope, 3 ORDER BY project_id, scope <> project_id, scope, 3"""  # noqa: S608


def _sqlite() -> list[str]:
    new, old = _day("NEW.", "sqlite"), _day("OLD.", "sqlite")
    come = f"""
        INSERT INTO {TALLY} (project_id, scope, day, runs)
        SELECT NEW.project_id, scope, {new}, 1 FROM (SELECT NEW.project_id AS scope UNION ALL SELECT NEW.agent_id) WHERE scope IS NOT NULL
        ON CONFLICT (project_id, scope, day) DO UPDATE SET runs = runs + 1;"""  # noqa: S608
    # No insert here: when a whole project goes, its tally may go first and must stay away.
    go = f"""
        UPDATE {TALLY} SET runs = runs - 1
        WHERE project_id = OLD.project_id AND scope IN (OLD.project_id, OLD.agent_id) AND day = {old};"""  # noqa: S608
    return [
        f"CREATE TRIGGER run_tally_come AFTER INSERT ON {RUNS} BEGIN {come} END",
        f"CREATE TRIGGER run_tally_go AFTER DELETE ON {RUNS} BEGIN {go} END",
        f"""CREATE TRIGGER run_tally_move AFTER UPDATE OF project_id, agent_id, created_at ON {RUNS}
            WHEN {_moved("IS NOT")} BEGIN {go} {come} END""",
    ]


def _moved(differs: str) -> str:
    return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in ("project_id", "agent_id", "created_at"))


def _postgres() -> list[str]:
    """A statement's rows are counted together: one that inserts a thousand runs of a day writes that day's number once."""
    moved = "(SELECT {0}.project_id, {0}.agent_id, {0}.created_at)"
    return [
        _function("run_tally_come", _come("came")),
        _function("run_tally_go", _go("gone")),
        _function("run_tally_move", _go(moved.format("OLD")) + _come(moved.format("NEW"))),
        f"""CREATE TRIGGER run_tally_come AFTER INSERT ON {RUNS} REFERENCING NEW TABLE AS came
            FOR EACH STATEMENT EXECUTE FUNCTION run_tally_come()""",
        f"""CREATE TRIGGER run_tally_go AFTER DELETE ON {RUNS} REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION run_tally_go()""",
        f"""CREATE TRIGGER run_tally_move AFTER UPDATE OF project_id, agent_id, created_at ON {RUNS}
            FOR EACH ROW WHEN ({_moved("IS DISTINCT FROM")}) EXECUTE FUNCTION run_tally_move()""",
    ]


def _function(name: str, body: str) -> str:
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE each record;
        BEGIN {body} RETURN NULL; END $$"""


def _come(source: str) -> str:
    return f"""
        INSERT INTO {TALLY} (project_id, scope, day, runs) {_counted(source, "postgresql")}
        ON CONFLICT (project_id, scope, day) DO UPDATE SET runs = {TALLY}.runs + excluded.runs;"""


def _go(source: str) -> str:
    return f"""
        FOR each IN {_counted(source, "postgresql")} LOOP
            UPDATE {TALLY} SET runs = runs - each.runs WHERE project_id = each.project_id AND scope = each.scope AND day = each.day;
        END LOOP;"""  # noqa: S608
