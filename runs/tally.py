"""How many runs a project, and each of its agents, has of each day, kept by the database itself as runs come and go.

A list knows its length and finds any place in itself from a few hundred of these rows, instead of walking past every run there ever was
(docs/decisions/0008). Triggers keep them, so that no way of writing runs can forget to. The table is the database's own, as an index is:
it has no model, no dump of Django's holds it, and `install` makes it after every migration. `runs.selectors` is the only reader.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import UUIDField

from runs.models import EvalRun

RUNS, TALLY = EvalRun._meta.db_table, "runs_tally"
VERSION = 2  # one more whenever the SQL below changes: older triggers are then replaced, and everything is counted anew
PREFIX = "run_tally_"
COME, GO, MOVE, EMPTY = (f"{PREFIX}{VERSION}_{event}" for event in ("come", "go", "move", "empty"))
# Of all runs of a project (`whole`; its id is the scope), or of those of one agent (the scope is its id, which may be any).
COLUMNS = "project_id, whole, scope, day"
SCOPES = (("TRUE", "project_id"), ("FALSE", "agent_id"))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a list, reached from the nearer side: the first run after `skip` others, counted from a midnight.

    Backwards (`from_oldest`) it begins with the oldest run at or after that midnight; otherwise with the newest before it.
    """

    midnight: datetime
    skip: int
    from_oldest: bool


Day = tuple[date, int]


def days(*, project_id: uuid.UUID, agent_id: uuid.UUID | None = None) -> list[Day]:
    """The days with runs, newest first: those of an agent, or of the whole project. One query."""
    keys = [UUIDField().get_db_prep_value(key, connection) for key in (project_id, agent_id or project_id)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT day, sum(runs) FROM {TALLY} WHERE project_id = %s AND scope = %s AND whole = %s
                GROUP BY day HAVING sum(runs) > 0 ORDER BY day DESC""",  # noqa: S608  a table's name only, as in all SQL below
            [*keys, agent_id is None],
        )
        return [(day, int(runs)) for day, runs in cursor.fetchall()]


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
    """Make the table and the triggers and count what is there, unless that is done.

    Not part of a migration: SQLite drops the triggers of a table without a word when a later migration remakes it.
    """
    connection = connections[using]
    statements = _postgres() if connection.vendor == "postgresql" else _sqlite()
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if RUNS not in connection.introspection.table_names(cursor) or _installed(connection):
            return
        remove(connection)
        for statement in statements:
            cursor.execute(statement)  # on PostgreSQL this also keeps writers out until the count is committed
        cursor.execute(f"INSERT INTO {TALLY} ({COLUMNS}, runs) {_counted(RUNS, connection.vendor)}")  # noqa: S608


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers, of whichever version, and the table away."""
    on, schema = "", ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT quote_ident(current_schema())")
            on, schema = f" ON {RUNS}", f"{cursor.fetchone()[0]}."
        for name in _triggers(connection):
            cursor.execute(f"DROP TRIGGER {name}{on}")
        cursor.execute(f"DROP TABLE IF EXISTS {schema}{TALLY}")


def _installed(connection: BaseDatabaseWrapper) -> bool:
    """Whether just this version's triggers are there. SQLite knows no TRUNCATE that it could answer with a trigger, and needs none."""
    made = {COME, GO, MOVE, EMPTY} if connection.vendor == "postgresql" else {COME, GO, MOVE}
    return set(_triggers(connection)) == made


def _triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """What this file has on this installation's table. Other schemas of a PostgreSQL database may have triggers of the same names."""
    known = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    if connection.vendor == "postgresql":
        known = "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s)"
    with connection.cursor() as cursor:
        cursor.execute(known, [RUNS])
        return [name for (name,) in cursor.fetchall() if name.startswith(PREFIX)]


def _day(row: str, vendor: str) -> str:
    """The UTC day of a run."""
    return f"({row}created_at AT TIME ZONE 'UTC')::date" if vendor == "postgresql" else f"substr({row}created_at, 1, 10)"


def _counted(source: str, vendor: str) -> str:
    """COLUMNS and `runs` of the runs in `source`."""
    each = [f"SELECT project_id, {whole} AS whole, {key} AS scope, created_at FROM {source} AS s" for whole, key in SCOPES]  # noqa: S608
    return f"""
        SELECT project_id, whole, scope, {_day("", vendor)} AS day, count(*) AS runs
        FROM ({" UNION ALL ".join(each)}) AS scoped WHERE scope IS NOT NULL GROUP BY 1, 2, 3, 4"""  # noqa: S608


def _sqlite() -> list[str]:
    """There is one writer at a time, so one row of each day."""
    come, go = "", ""
    for whole, key in SCOPES:
        come += f"""
            INSERT INTO {TALLY} ({COLUMNS}, runs)
            SELECT NEW.project_id, {whole}, NEW.{key}, {_day("NEW.", "sqlite")}, 1 WHERE NEW.{key} IS NOT NULL
            ON CONFLICT ({COLUMNS}) DO UPDATE SET runs = runs + 1;"""  # noqa: S608
        row = f"project_id = OLD.project_id AND whole = {whole} AND scope = OLD.{key} AND day = {_day('OLD.', 'sqlite')}"
        go += f"""
            UPDATE {TALLY} SET runs = runs - 1 WHERE {row};
            DELETE FROM {TALLY} WHERE {row} AND runs = 0;"""  # noqa: S608
    return [
        f"""CREATE TABLE {TALLY} (project_id char(32) NOT NULL, whole bool NOT NULL, scope char(32) NOT NULL, day date NOT NULL,
            runs integer NOT NULL, PRIMARY KEY ({COLUMNS})) WITHOUT ROWID""",
        f"CREATE TRIGGER {COME} AFTER INSERT ON {RUNS} BEGIN {come} END",
        f"CREATE TRIGGER {GO} AFTER DELETE ON {RUNS} BEGIN {go} END",
        f"CREATE TRIGGER {MOVE} AFTER UPDATE OF project_id, agent_id, created_at ON {RUNS} WHEN {_moved('IS NOT')} BEGIN {go} {come} END",
    ]


def _moved(differs: str) -> str:
    return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in ("project_id", "agent_id", "created_at"))


def _postgres() -> list[str]:
    """A statement's rows are counted together: one that inserts a thousand runs of a day writes that day's number once."""
    moved = "(SELECT {0}.project_id, {0}.agent_id, {0}.created_at)"
    return [
        f"""CREATE TABLE {TALLY} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, project_id uuid NOT NULL, whole boolean NOT NULL,
            scope uuid NOT NULL, day date NOT NULL, runs bigint NOT NULL)""",
        f"CREATE INDEX ON {TALLY} ({COLUMNS})",
        _function(COME, _add("came", "+")),
        _function(GO, _add("gone", "-")),
        _function(MOVE, _add(moved.format("OLD"), "-") + _add(moved.format("NEW"), "+")),
        _function(EMPTY, f"DELETE FROM {TALLY};"),  # noqa: S608
        f"CREATE TRIGGER {COME} AFTER INSERT ON {RUNS} REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION {COME}()",
        f"CREATE TRIGGER {GO} AFTER DELETE ON {RUNS} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {GO}()",
        f"""CREATE TRIGGER {MOVE} AFTER UPDATE OF project_id, agent_id, created_at ON {RUNS}
            FOR EACH ROW WHEN ({_moved("IS DISTINCT FROM")}) EXECUTE FUNCTION {MOVE}()""",
        f"CREATE TRIGGER {EMPTY} AFTER TRUNCATE ON {RUNS} FOR EACH STATEMENT EXECUTE FUNCTION {EMPTY}()",
    ]


def _function(name: str, body: str) -> str:
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE each record; free bigint;
        BEGIN {body} RETURN NULL; END $$"""


def _add(source: str, sign: str) -> str:
    """Count runs in or out without ever waiting: a row that another transaction is writing is passed over, for another or a new one.

    So a day has as many rows as there were writers at once, each of them alone may be below zero, and their sum is the number.
    """
    return f"""
        FOR each IN {_counted(source, "postgresql")} LOOP
            SELECT id INTO free FROM {TALLY}
                WHERE project_id = each.project_id AND whole = each.whole AND scope = each.scope AND day = each.day
                LIMIT 1 FOR UPDATE SKIP LOCKED;
            IF free IS NULL THEN
                INSERT INTO {TALLY} ({COLUMNS}, runs) VALUES (each.project_id, each.whole, each.scope, each.day, {sign}each.runs);
            ELSE
                UPDATE {TALLY} SET runs = runs {sign} each.runs WHERE id = free;
                DELETE FROM {TALLY} WHERE id = free AND runs = 0;
            END IF;
        END LOOP;"""  # noqa: S608
