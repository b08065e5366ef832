"""What came of the runs of each day: how many ended how, and their scores added up, kept by the database itself (docs/decisions/0015).

The overview reads a few hundred of these rows instead of every run there ever was. A run is counted once it is final, under the UTC day it
was created: once as a run (`part` 'run'), and once for each template it was to be judged by (`quality`, `adaptation`). A run that tries out
a draft has no template, so it is in no score. Made as the table of `runs.tally` is; `runs.overview` is the only reader.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from django.db import connection

from evalhub.common.sql import sql_value
from evalhub.common.statistics import Sums
from runs.models import EvalRun
from runs.states import FINAL, Status
from runs.triggers import CHILD, RUNS, KeptTable, day, function, moved

TALLY = "runs_score_tally"
THOUSAND = 1000  # scores are added up as whole thousandths: what is taken out again leaves nothing behind
NOBODY = uuid.UUID(int=0)  # no agent, or no template: a key has no NULL


class Part(StrEnum):
    RUN = "run"
    QUALITY = "quality"
    ADAPTATION = "adaptation"


# What a row is of. `demo`: a demo model played a part. `again`: an old transcript was judged again, which says nothing new of the agent.
KEYS = ("project_id", "day", "part", "agent_id", "template_id", "demo", "again", "status")
FIGURES = ("runs", "scored", "total", "squares")
# The columns of a run that decide where and how it is counted.
PLACES = (
    *("project_id", "created_at", "agent_id", "template_id", "adaptation_template_id"),
    *("kind", "uses_demo", "status", "score", "adaptation_score"),
)
PARTS = (
    (Part.RUN, "NULL", "NULL"),
    (Part.QUALITY, "template_id", "score"),
    (Part.ADAPTATION, "adaptation_template_id", "adaptation_score"),
)
JUDGED = ("part", "template_id", "demo", "status")
WITH_A_MEANING = f"part <> '{Part.RUN}' AND NOT again AND status <> '{Status.CANCELLED}'"
ENDED = ", ".join(sorted(f"'{status}'" for status in FINAL))


@dataclass(frozen=True, slots=True)
class Tallied:
    """Runs of one kind. What was not asked to be told apart is None. `period` counts the stretches of days asked for, the newest 0.

    Of what was judged, transcripts that were judged again and runs that were cancelled are left out, and interrupted ones count as failed.
    """

    part: Part
    status: Status
    demo: bool
    again: bool
    day: date | None
    period: int | None
    agent_id: uuid.UUID | None
    template_id: uuid.UUID | None
    runs: int
    scores: Sums


def ended(*, project_id: uuid.UUID, since: date, edges: Sequence[date]) -> list[Tallied]:
    """How runs ended from a day on, by period: 0 from the first edge on, 1 from the second, and so on. One query."""
    return list(_read(project_id, since, ("status", "demo", "again"), f"part = '{Part.RUN}'", edges))


def by_day(*, project_id: uuid.UUID, since: date) -> list[Tallied]:
    """What was judged from a day on, by day and template. One query."""
    return list(_read(project_id, since, (*JUDGED, "day"), WITH_A_MEANING))


def by_agent(*, project_id: uuid.UUID, since: date, edges: Sequence[date]) -> list[Tallied]:
    """What was judged from a day on, by agent, template and period. One query."""
    return list(_read(project_id, since, (*JUDGED, "agent_id"), WITH_A_MEANING, edges))


def _read(project_id: uuid.UUID, since: date, columns: Sequence[str], where: str, edges: Sequence[date] = ()) -> Iterator[Tallied]:
    """Added up as far as it can be in SQL: reading a row costs more than adding it."""
    period = f"CASE {' '.join(f'WHEN day >= %s THEN {number}' for number, _ in enumerate(edges))} ELSE {len(edges)} END"
    outcome = f"CASE WHEN part <> '{Part.RUN}' AND status = '{Status.INTERRUPTED}' THEN '{Status.FAILED}' ELSE status END"
    asked = [f"{outcome} AS outcome" if name == "status" else name for name in columns]
    grouped = ["outcome" if name == "status" else name for name in columns]
    sums = ", ".join(f"sum({name})" for name in FIGURES)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {", ".join(asked)}, {period if edges else "0"} AS period, {sums}
                FROM {TALLY} WHERE project_id = %s AND day >= %s AND {where}
                GROUP BY {", ".join(grouped)}, period HAVING sum(runs) > 0""",  # noqa: S608  names of this file only, as in all SQL below
            [*edges, sql_value(project_id), since],
        )
        names = (*columns, "period", *FIGURES)
        for row in cursor.fetchall():
            yield _tallied(dict(zip(names, row, strict=True)))


def _tallied(row: dict[str, Any]) -> Tallied:
    return Tallied(
        _PARTS[row.get("part", Part.RUN)],
        _STATUSES[row["status"]],
        bool(row["demo"]),
        bool(row.get("again")),
        row.get("day"),
        row["period"],
        _key(row.get("agent_id")),
        _key(row.get("template_id")),
        int(row["runs"]),
        Sums(int(row["scored"]), int(row["total"]), int(row["squares"]), THOUSAND),
    )


# Looked up, not made: a page reads a thousand rows.
_PARTS = {str(part): part for part in Part}
_STATUSES = {str(status): status for status in Status}


@lru_cache(maxsize=1024)  # a few ids stand in all rows
def _key(value: Any) -> uuid.UUID | None:
    key = value if isinstance(value, uuid.UUID) or value is None else uuid.UUID(value)
    return None if key == NOBODY else key


# What a run counts as, in SQL. `row` is "" in a query over runs, "NEW." and "OLD." in a trigger of SQLite.


def _values(row: str, vendor: str, part: Part, template: str, score: str) -> list[tuple[str, str]]:
    """KEYS and FIGURES of one part of a run."""
    nobody = f"'{NOBODY}'::uuid" if vendor == "postgresql" else f"'{NOBODY.hex}'"
    scored = f"CASE WHEN {row}status = '{Status.COMPLETED}' THEN {_thousandths(row + score, vendor)} END" if score != "NULL" else "NULL"
    again = f"({row}kind = '{EvalRun.Kind.EVAL_ONLY}')"
    return [
        ("project_id", f"{row}project_id"),
        ("day", day(row, vendor)),
        ("part", f"'{part}'"),
        ("agent_id", f"COALESCE({row}agent_id, {nobody})"),
        ("template_id", nobody if template == "NULL" else f"{row}{template}"),
        ("demo", f"{row}uses_demo"),
        ("again", again),
        ("status", f"{row}status"),
        ("points", scored),
    ]


def _thousandths(score: str, vendor: str) -> str:
    rounded = f"round({score} * {THOUSAND})"
    return f"{rounded}::bigint" if vendor == "postgresql" else f"CAST({rounded} AS integer)"


# Whether a run is counted before or after an update.
_COUNTS = f"(OLD.kind <> '{CHILD}' OR NEW.kind <> '{CHILD}') AND (OLD.status IN ({ENDED}) OR NEW.status IN ({ENDED}))"


def _where(row: str, template: str) -> str:
    return f"{row}status IN ({ENDED}) AND {row}kind <> '{CHILD}'" + ("" if template == "NULL" else f" AND {row}{template} IS NOT NULL")


def _each(source: str, row: str, vendor: str) -> str:
    """A row for each part of each run in `source`, with KEYS and `points`."""
    queries = []
    for part, template, score in PARTS:
        named = ", ".join(f"{value} AS {name}" for name, value in _values(row, vendor, part, template, score))
        queries.append(f"SELECT {named}{source} WHERE {_where(row, template)}")  # noqa: S608
    return " UNION ALL ".join(queries)


def _counted(source: str, vendor: str) -> str:
    """KEYS and FIGURES of the runs in `source`."""
    points = "points::bigint" if vendor == "postgresql" else "points"
    return f"""
        SELECT {", ".join(KEYS)}, count(*) AS runs, count(points) AS scored, COALESCE(sum({points}), 0) AS total,
            COALESCE(sum({points} * {points}), 0) AS squares
        FROM ({_each(f" FROM {source} AS s", "", vendor)}) AS each_part GROUP BY {", ".join(KEYS)}"""  # noqa: S608


def _sqlite() -> list[str]:
    """There is one writer at a time, so one row of each kind."""
    come, go = _add_on_sqlite("NEW.", 1), _add_on_sqlite("OLD.", -1)
    gone = f"DELETE FROM {TALLY} WHERE project_id = OLD.project_id AND day = {day('OLD.', 'sqlite')} AND runs = 0;"  # noqa: S608
    return [
        f"""CREATE TABLE {TALLY} (project_id char(32) NOT NULL, day date NOT NULL, part varchar(10) NOT NULL, agent_id char(32) NOT NULL,
            template_id char(32) NOT NULL, demo bool NOT NULL, again bool NOT NULL, status varchar(12) NOT NULL, runs integer NOT NULL,
            scored integer NOT NULL, total integer NOT NULL, squares integer NOT NULL, PRIMARY KEY ({", ".join(KEYS)})) WITHOUT ROWID""",
        f"CREATE TRIGGER {KEPT.trigger('come')} AFTER INSERT ON {RUNS} WHEN NEW.status IN ({ENDED}) BEGIN {come} END",
        f"CREATE TRIGGER {KEPT.trigger('go')} AFTER DELETE ON {RUNS} WHEN OLD.status IN ({ENDED}) BEGIN {go} {gone} END",
        f"""CREATE TRIGGER {KEPT.trigger("move")} AFTER UPDATE OF {", ".join(PLACES)} ON {RUNS}
            WHEN {_COUNTS} AND ({moved(PLACES, "sqlite")}) BEGIN {go} {come} {gone} END""",
    ]


def _add_on_sqlite(row: str, sign: int) -> str:
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in FIGURES)
    statements = ""
    for part, template, score in PARTS:
        values = dict(_values(row, "sqlite", part, template, score))
        points = values.pop("points")
        figures = (
            str(sign),
            f"{sign} * ({points} IS NOT NULL)",
            f"{sign} * COALESCE({points}, 0)",
            f"{sign} * COALESCE({points} * {points}, 0)",
        )
        statements += f"""
            INSERT INTO {TALLY} ({", ".join((*KEYS, *FIGURES))})
            SELECT {", ".join((*values.values(), *figures))} WHERE {_where(row, template)}
            ON CONFLICT ({", ".join(KEYS)}) DO UPDATE SET {added};"""  # noqa: S608
    return statements


def _postgres() -> list[str]:
    """A statement's rows are counted together: one that inserts a thousand runs writes each kind's numbers once."""
    come, go, move, empty = map(KEPT.trigger, ("come", "go", "move", "empty"))
    row = f"(SELECT {', '.join(f'{{0}}.{column}' for column in PLACES)})"
    return [
        f"""CREATE TABLE {TALLY} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, project_id uuid NOT NULL, day date NOT NULL,
            part varchar(10) NOT NULL, agent_id uuid NOT NULL, template_id uuid NOT NULL, demo boolean NOT NULL, again boolean NOT NULL,
            status varchar(12) NOT NULL, runs bigint NOT NULL, scored bigint NOT NULL, total bigint NOT NULL, squares bigint NOT NULL)""",
        f"CREATE INDEX ON {TALLY} ({', '.join(KEYS)})",
        function(come, _add("came", "+")),
        function(go, _add("gone", "-")),
        function(move, _add(row.format("OLD"), "-") + _add(row.format("NEW"), "+")),
        function(empty, f"DELETE FROM {TALLY};"),  # noqa: S608
        f"CREATE TRIGGER {come} AFTER INSERT ON {RUNS} REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION {come}()",
        f"CREATE TRIGGER {go} AFTER DELETE ON {RUNS} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {go}()",
        f"""CREATE TRIGGER {move} AFTER UPDATE OF {", ".join(PLACES)} ON {RUNS} FOR EACH ROW
            WHEN ({_COUNTS} AND ({moved(PLACES, "postgresql")}))
            EXECUTE FUNCTION {move}()""",
        f"CREATE TRIGGER {empty} AFTER TRUNCATE ON {RUNS} FOR EACH STATEMENT EXECUTE FUNCTION {empty}()",
    ]


def _add(source: str, sign: str) -> str:
    """Count runs in or out without ever waiting, as `runs.tally` does: a row that another transaction is writing is passed over.

    So there are as many rows of a kind as there were writers at once, each may be below zero, and their sum is the number.
    """
    same = " AND ".join(f"{key} = each.{key}" for key in KEYS)
    changed = ", ".join(f"{name} = {name} {sign} each.{name}" for name in FIGURES)
    return f"""
        FOR each IN {_counted(source, "postgresql")} LOOP
            SELECT id INTO free FROM {TALLY} WHERE {same} LIMIT 1 FOR UPDATE SKIP LOCKED;
            IF free IS NULL THEN
                INSERT INTO {TALLY} ({", ".join((*KEYS, *FIGURES))})
                VALUES ({", ".join(f"each.{key}" for key in KEYS)}, {", ".join(f"{sign}each.{name}" for name in FIGURES)});
            ELSE
                UPDATE {TALLY} SET {changed} WHERE id = free;
                DELETE FROM {TALLY} WHERE id = free AND {" AND ".join(f"{name} = 0" for name in FIGURES)};
            END IF;
        END LOOP;"""  # noqa: S608


def _statements(vendor: str) -> list[str]:
    return _postgres() if vendor == "postgresql" else _sqlite()


def _filled(vendor: str) -> str:
    return f"INSERT INTO {TALLY} ({', '.join((*KEYS, *FIGURES))}) {_counted(RUNS, vendor)}"  # noqa: S608


KEPT = KeptTable(TALLY, prefix="score_tally_", version=2, statements=_statements, filled=_filled)
