"""The list of runs as the database itself keeps it: a narrow row a run with what lists filter and sort by, and the words of a search.
Children of batches are not in it: they are listed with their batch.

A run's own row is wide, and so is an index for every order and filter; and what sorts by cost would be written at every turn. These rows
are written when a run comes, moves or ends (docs/decisions/0016-search.md). As with runs.tally the tables are the database's own: triggers
keep them, so that no way of writing runs can forget to, no dump of Django's holds them, and `install` makes them after every migration.
`runs.finding` is the only reader.
"""

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from runs.listed import postgres, sqlite
from runs.listed.names import PREFIX, RUNS, TABLE, TEXTS, TRIGGERS


def install(using: str = "default") -> None:
    """Make tables and triggers and list what is there, unless that is done. SQLite drops triggers when a migration remakes a table."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if RUNS not in connection.introspection.table_names(cursor) or _installed(connection):
            return
        remove(connection)
        for statement in postgres.STATEMENTS if connection.vendor == "postgresql" else sqlite.STATEMENTS:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take triggers, of whichever version, and tables away."""
    on, schema = "", ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT quote_ident(current_schema())")
            on, schema = f" ON {RUNS}", f"{cursor.fetchone()[0]}."
        for name in _triggers(connection):
            cursor.execute(f"DROP TRIGGER {name}{on}")
        for table in (TABLE, TEXTS):
            cursor.execute(f"DROP TABLE IF EXISTS {schema}{table}")


def _installed(connection: BaseDatabaseWrapper) -> bool:
    """Whether just this version's triggers are there. SQLite has no TRUNCATE."""
    made = set(TRIGGERS.values()) if connection.vendor == "postgresql" else set(TRIGGERS.values()) - {TRIGGERS["empty"]}
    return set(_triggers(connection)) == made


def _triggers(connection: BaseDatabaseWrapper) -> list[str]:
    known = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    if connection.vendor == "postgresql":
        known = "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s)"
    with connection.cursor() as cursor:
        cursor.execute(known, [RUNS])
        return [name for (name,) in cursor.fetchall() if name.startswith(PREFIX)]
