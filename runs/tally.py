"""How many runs of their own a project, and each of its agents, has of each day, kept by the database itself as runs come and go.

A list knows its length and finds any place in itself from a few hundred of these rows, instead of walking past every run there ever was
(docs/decisions/0008). Triggers keep them, so that no way of writing runs can forget to. The table is the database's own, as an index is:
it has no model, no dump of Django's holds it, and it is made after every migration (`KEPT`). `runs.selectors` is the only reader.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from evalhub.common.sql import sql_value
from runs.triggers import CHILD, RUNS, KeptTable, function, moved
from runs.triggers import day as day_of

TALLY = "runs_tally"
PLACES = ("project_id", "agent_id", "created_at")  # what a run is counted under
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
    keys = [sql_value(key) for key in (project_id, agent_id or project_id)]
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


def _counted(source: str, vendor: str) -> str:
    """COLUMNS and `runs` of the runs in `source`."""
    each = [
        f"SELECT project_id, {whole} AS whole, {key} AS scope, created_at FROM {source} AS s WHERE kind <> '{CHILD}'"  # noqa: S608
        for whole, key in SCOPES
    ]
    return f"""
        SELECT project_id, whole, scope, {day_of("", vendor)} AS day, count(*) AS runs
        FROM ({" UNION ALL ".join(each)}) AS scoped WHERE scope IS NOT NULL GROUP BY 1, 2, 3, 4"""  # noqa: S608


def _sqlite() -> list[str]:
    """There is one writer at a time, so one row of each day."""
    come, go = "", ""
    for whole, key in SCOPES:
        come += f"""
            INSERT INTO {TALLY} ({COLUMNS}, runs)
            SELECT NEW.project_id, {whole}, NEW.{key}, {day_of("NEW.", "sqlite")}, 1 WHERE NEW.{key} IS NOT NULL
            ON CONFLICT ({COLUMNS}) DO UPDATE SET runs = runs + 1;"""  # noqa: S608
        row = f"project_id = OLD.project_id AND whole = {whole} AND scope = OLD.{key} AND day = {day_of('OLD.', 'sqlite')}"
        go += f"""
            UPDATE {TALLY} SET runs = runs - 1 WHERE {row};
            DELETE FROM {TALLY} WHERE {row} AND runs = 0;"""  # noqa: S608
    return [
        f"""CREATE TABLE {TALLY} (project_id char(32) NOT NULL, whole bool NOT NULL, scope char(32) NOT NULL, day date NOT NULL,
            runs integer NOT NULL, PRIMARY KEY ({COLUMNS})) WITHOUT ROWID""",
        f"CREATE TRIGGER {KEPT.trigger('come')} AFTER INSERT ON {RUNS} WHEN NEW.kind <> '{CHILD}' BEGIN {come} END",
        f"CREATE TRIGGER {KEPT.trigger('go')} AFTER DELETE ON {RUNS} WHEN OLD.kind <> '{CHILD}' BEGIN {go} END",
        f"""CREATE TRIGGER {KEPT.trigger("move")} AFTER UPDATE OF {", ".join(PLACES)} ON {RUNS}
            WHEN NEW.kind <> '{CHILD}' AND ({moved(PLACES, "sqlite")}) BEGIN {go} {come} END""",
    ]


def _postgres() -> list[str]:
    """A statement's rows are counted together: one that inserts a thousand runs of a day writes that day's number once."""
    come, go, move, empty = map(KEPT.trigger, ("come", "go", "move", "empty"))
    row = "(SELECT {0}.project_id, {0}.agent_id, {0}.created_at, {0}.kind)"
    return [
        f"""CREATE TABLE {TALLY} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, project_id uuid NOT NULL, whole boolean NOT NULL,
            scope uuid NOT NULL, day date NOT NULL, runs bigint NOT NULL)""",
        f"CREATE INDEX ON {TALLY} ({COLUMNS})",
        function(come, _add("came", "+")),
        function(go, _add("gone", "-")),
        function(move, _add(row.format("OLD"), "-") + _add(row.format("NEW"), "+")),
        function(empty, f"DELETE FROM {TALLY};"),  # noqa: S608
        f"CREATE TRIGGER {come} AFTER INSERT ON {RUNS} REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION {come}()",
        f"CREATE TRIGGER {go} AFTER DELETE ON {RUNS} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {go}()",
        f"""CREATE TRIGGER {move} AFTER UPDATE OF {", ".join(PLACES)} ON {RUNS}
            FOR EACH ROW WHEN (NEW.kind <> '{CHILD}' AND ({moved(PLACES, "postgresql")})) EXECUTE FUNCTION {move}()""",
        f"CREATE TRIGGER {empty} AFTER TRUNCATE ON {RUNS} FOR EACH STATEMENT EXECUTE FUNCTION {empty}()",
    ]


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


def _statements(vendor: str) -> list[str]:
    return _postgres() if vendor == "postgresql" else _sqlite()


def _filled(vendor: str) -> str:
    return f"INSERT INTO {TALLY} ({COLUMNS}, runs) {_counted(RUNS, vendor)}"  # noqa: S608


KEPT = KeptTable(TALLY, prefix="run_tally_", version=3, statements=_statements, filled=_filled)
remove = KEPT.remove  # for the migrations of the time when a model held the counts
