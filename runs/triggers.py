"""Tables that the database keeps itself, by triggers on runs or what hangs on them: how they are made, counted anew and taken away.

A table of this kind is the database's own, as an index is: it has no model and no dump of Django's holds it (docs/decisions/0008). It is
made after every migration, not by one: SQLite drops the triggers of a table without a word when a later migration remakes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.models import EvalRun

RUNS = EvalRun._meta.db_table
CHILD = EvalRun.Kind.TRIAL.value  # children of batches are counted and listed with their batch, and by none of these tables
# SQLite knows no TRUNCATE that it could answer with a trigger, and needs none.
EVENTS = {"sqlite": ("come", "go", "move"), "postgresql": ("come", "go", "move", "empty")}
SHIFTS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table, its triggers (named `prefix`, version, event) on `source`, the SQL that makes both, and that fills it, by kind of database.

    The version goes up whenever the SQL changes: older triggers are then replaced, and everything is counted anew.
    """

    table: str
    prefix: str
    version: int
    statements: Callable[[str], Sequence[str]]
    filled: Callable[[str], str]
    source: str = RUNS

    def trigger(self, event: str) -> str:
        return f"{self.prefix}{self.version}_{event}"

    def install(self, using: str = "default") -> None:
        """Make the table and the triggers and count what is there, unless that is done."""
        connection = connections[using]
        with transaction.atomic(using=using), connection.cursor() as cursor:
            if self.source not in connection.introspection.table_names(cursor) or self._installed(connection):
                return
            self.remove(connection)
            for statement in self.statements(connection.vendor):
                cursor.execute(statement)  # on PostgreSQL this also keeps writers out until the count is committed
            cursor.execute(self.filled(connection.vendor))

    def remove(self, connection: BaseDatabaseWrapper) -> None:
        """Take the triggers, of whichever version, and the table away."""
        on, schema = "", ""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT quote_ident(current_schema())")
                on, schema = f" ON {self.source}", f"{cursor.fetchone()[0]}."
            for name in self.triggers(connection):
                cursor.execute(f"DROP TRIGGER {name}{on}")
            cursor.execute(f"DROP TABLE IF EXISTS {schema}{self.table}")

    def _installed(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether just this version's triggers are there."""
        return set(self.triggers(connection)) == {self.trigger(event) for event in EVENTS[connection.vendor]}

    def triggers(self, connection: BaseDatabaseWrapper) -> list[str]:
        """What it has on this installation's table. Other schemas of a PostgreSQL database may have triggers of the same names."""
        known = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
        if connection.vendor == "postgresql":
            known = "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s)"
        with connection.cursor() as cursor:
            cursor.execute(known, [self.source])
            return [name for (name,) in cursor.fetchall() if name.startswith(self.prefix)]


def day(row: str, vendor: str) -> str:
    """The UTC day of a run."""
    return f"({row}created_at AT TIME ZONE 'UTC')::date" if vendor == "postgresql" else f"substr({row}created_at, 1, 10)"


def moved(columns: Sequence[str], vendor: str) -> str:
    """Whether an update changed one of these."""
    return " OR ".join(f"OLD.{column} {SHIFTS[vendor]} NEW.{column}" for column in columns)


def function(name: str, body: str) -> str:
    """PostgreSQL's triggers call one of these."""
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE each record; free bigint;
        BEGIN {body} RETURN NULL; END $$"""
