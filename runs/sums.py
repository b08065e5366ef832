"""Tables of sums that the database keeps of rows of one kind, by triggers as `runs.triggers` has them: written from one description.

A `SumTable` says under which keys a row is counted, what is added up of it, and when. `runs.trial_tally` and `runs.brand_tally` are such.
Numbers are whole: what is taken out again leaves nothing behind (docs/decisions/0015, 0027).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from runs.triggers import KeptTable, function, moved

NOBODY = uuid.UUID(int=0)  # a key has no NULL
Kind = Literal["uuid", "text", "day", "bool"]
TYPES = {
    "sqlite": {"uuid": "char(32)", "text": "text", "day": "date", "bool": "bool"},
    "postgresql": {"uuid": "uuid", "text": "text", "day": "date", "bool": "boolean"},
}


@dataclass(frozen=True, slots=True)
class Key:
    """A column that tells sums apart. `value` is SQL with `{row}` before columns; of an id NULL counts as NOBODY, of a moment the UTC day.

    Only `indexed` keys are in PostgreSQL's index, which takes no long texts.
    """

    name: str
    kind: Kind
    value: str
    indexed: bool = True
    moment: bool = False

    def sql(self, row: str, vendor: str) -> str:
        """Its value for a row: `row` is "" in a query over rows, "NEW." and "OLD." in a trigger of SQLite."""
        value = self.value.format(row=row)
        if self.kind == "uuid":
            return f"COALESCE({value}, {nobody(vendor)})"
        if self.moment:
            return f"({value} AT TIME ZONE 'UTC')::date" if vendor == "postgresql" else f"substr({value}, 1, 10)"
        return value


def nobody(vendor: str) -> str:
    """NOBODY in SQL."""
    return f"'{NOBODY}'::uuid" if vendor == "postgresql" else f"'{NOBODY.hex}'"


@dataclass(frozen=True, slots=True)
class Figure:
    """A column that is added up: SQL with `{row}` before columns."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SumTable:
    """What is kept of the rows of `source`. The first figure counts them, so that a row of sums in which it is 0 may go.

    `counted` is SQL that says whether a row counts; `places` are the columns on which any of this depends. A row is counted once for each
    of `scopes`: values that take the place of some keys', such as NULL where all are one.
    """

    name: str
    prefix: str
    version: int
    source: str
    keys: Sequence[Key]
    figures: Sequence[Figure]
    counted: str
    places: Sequence[str]
    scopes: Sequence[dict[str, str]] = ({},)

    @property
    def kept(self) -> KeptTable:
        return KeptTable(
            self.name, prefix=self.prefix, version=self.version, statements=self.statements, filled=self.filled, source=self.source
        )

    @property
    def columns(self) -> list[str]:
        return [key.name for key in self.keys] + [figure.name for figure in self.figures]

    def statements(self, vendor: str) -> list[str]:
        return self._postgres() if vendor == "postgresql" else self._sqlite()

    def filled(self, vendor: str) -> str:
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) {self._grouped(self.source, vendor)}"  # noqa: S608  names of our own, as in all SQL below

    def _values(self, scope: dict[str, str], row: str, vendor: str) -> list[str]:
        """The keys of a row in a scope."""
        return [replace(key, value=scope.get(key.name, key.value)).sql(row, vendor) for key in self.keys]

    def _grouped(self, source: str, vendor: str) -> str:
        """Keys and figures of the rows in `source`."""
        names = ", ".join(key.name for key in self.keys)
        each = []
        for scope in self.scopes:
            keys = [f"{value} AS {key.name}" for key, value in zip(self.keys, self._values(scope, "", vendor), strict=True)]
            figures = [f"{figure.value.format(row='')} AS {figure.name}" for figure in self.figures]
            each.append(f"SELECT {', '.join(keys + figures)} FROM {source} AS s WHERE {self.counted.format(row='')}")  # noqa: S608
        sums = ", ".join(f"sum({figure.name}) AS {figure.name}" for figure in self.figures)
        return f"SELECT {names}, {sums} FROM ({' UNION ALL '.join(each)}) AS rows_of_all GROUP BY {names}"  # noqa: S608

    def _matters(self, vendor: str) -> str:
        """Whether an update changes what is counted."""
        counted = " OR ".join(f"({self.counted.format(row=row)})" for row in ("OLD.", "NEW."))
        return f"({counted}) AND ({moved(self.places, vendor)})"

    # SQLite: there is one writer at a time, so one row of each kind

    def _sqlite(self) -> list[str]:
        types = TYPES["sqlite"]
        columns = [f"{key.name} {types[key.kind]} NOT NULL" for key in self.keys]
        columns += [f"{figure.name} integer NOT NULL" for figure in self.figures]
        come, go, gone = self._add_on_sqlite("NEW.", "+"), self._add_on_sqlite("OLD.", "-"), self._swept("OLD.")
        kept, source = self.kept, self.source
        key = ", ".join(key.name for key in self.keys)
        return [
            f"CREATE TABLE {self.name} ({', '.join(columns)}, PRIMARY KEY ({key})) WITHOUT ROWID",
            f"CREATE TRIGGER {kept.trigger('come')} AFTER INSERT ON {source} WHEN {self.counted.format(row='NEW.')} BEGIN {come} END",
            f"CREATE TRIGGER {kept.trigger('go')} AFTER DELETE ON {source} WHEN {self.counted.format(row='OLD.')} BEGIN {go} {gone} END",
            f"""CREATE TRIGGER {kept.trigger("move")} AFTER UPDATE OF {", ".join(self.places)} ON {source}
                WHEN {self._matters("sqlite")} BEGIN {go} {come} {gone} END""",
        ]

    def _add_on_sqlite(self, row: str, sign: str) -> str:
        added = ", ".join(f"{figure.name} = {figure.name} + excluded.{figure.name}" for figure in self.figures)
        figures = [f"{sign}({figure.value.format(row=row)})" for figure in self.figures]
        return "".join(
            f"""
            INSERT INTO {self.name} ({", ".join(self.columns)})
            SELECT {", ".join([*self._values(scope, row, "sqlite"), *figures])} WHERE {self.counted.format(row=row)}
            ON CONFLICT ({", ".join(key.name for key in self.keys)}) DO UPDATE SET {added};"""  # noqa: S608
            for scope in self.scopes
        )

    def _swept(self, row: str) -> str:
        """Rows of sums that are of nothing any more."""
        names = ", ".join(key.name for key in self.keys)
        return "".join(
            f"""
            DELETE FROM {self.name} WHERE {self.counted.format(row=row)} AND {self.figures[0].name} = 0
                AND ({names}) = ({", ".join(self._values(scope, row, "sqlite"))});"""  # noqa: S608
            for scope in self.scopes
        )

    # PostgreSQL: rows of one statement are counted together

    def _postgres(self) -> list[str]:
        types = TYPES["postgresql"]
        columns = [f"{key.name} {types[key.kind]} NOT NULL" for key in self.keys]
        columns += [f"{figure.name} bigint NOT NULL" for figure in self.figures]
        come, go, move, empty = map(self.kept.trigger, ("come", "go", "move", "empty"))
        row = f"(SELECT {', '.join(f'{{0}}.{column}' for column in self.places)})"
        source = self.source
        return [
            f"CREATE TABLE {self.name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {', '.join(columns)})",
            f"CREATE INDEX ON {self.name} ({', '.join(key.name for key in self.keys if key.indexed)})",
            function(come, self._add("came", "+")),
            function(go, self._add("gone", "-")),
            function(move, self._add(row.format("OLD"), "-") + self._add(row.format("NEW"), "+")),
            function(empty, f"DELETE FROM {self.name};"),  # noqa: S608
            f"CREATE TRIGGER {come} AFTER INSERT ON {source} REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION {come}()",
            f"CREATE TRIGGER {go} AFTER DELETE ON {source} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {go}()",
            f"""CREATE TRIGGER {move} AFTER UPDATE OF {", ".join(self.places)} ON {source} FOR EACH ROW
                WHEN ({self._matters("postgresql")}) EXECUTE FUNCTION {move}()""",
            f"CREATE TRIGGER {empty} AFTER TRUNCATE ON {source} FOR EACH STATEMENT EXECUTE FUNCTION {empty}()",
        ]

    def _add(self, source: str, sign: str) -> str:
        """Count rows in or out without ever waiting, as `runs.tally` does: a row of sums that another transaction writes is passed over.

        So there are as many rows of a kind as there were writers at once, each may be below zero, and their sum is the number.
        """
        same = " AND ".join(f"{key.name} = each.{key.name}" for key in self.keys)
        changed = ", ".join(f"{figure.name} = {figure.name} {sign} each.{figure.name}" for figure in self.figures)
        values = [f"each.{key.name}" for key in self.keys] + [f"{sign}each.{figure.name}" for figure in self.figures]
        nothing = " AND ".join(f"{figure.name} = 0" for figure in self.figures)
        return f"""
            FOR each IN {self._grouped(source, "postgresql")} LOOP
                SELECT id INTO free FROM {self.name} WHERE {same} LIMIT 1 FOR UPDATE SKIP LOCKED;
                IF free IS NULL THEN
                    INSERT INTO {self.name} ({", ".join(self.columns)}) VALUES ({", ".join(values)});
                ELSE
                    UPDATE {self.name} SET {changed} WHERE id = free;
                    DELETE FROM {self.name} WHERE id = free AND {nothing};
                END IF;
            END LOOP;"""  # noqa: S608
