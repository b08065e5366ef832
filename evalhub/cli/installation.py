"""From flags to a ready Django: fills the environment, checks folder and database. For commands that work on the data itself."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import typer

from evalhub.cli.errors import CommandError
from evalhub.env import BadSetting, Env, read_env

OUR_APPS = frozenset({"accounts", "agents", "templates_app", "runs"})
SETUP_LOCK = 0x45564C48  # "EVLH": any number that no other program on the same PostgreSQL server takes


class Database(Enum):
    """What stands in the database, compared with this version's migrations."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


def set_environment(**values: object) -> None:
    """Put flags where settings look: EVALHUB_<NAME>. A flag that was not given (None) leaves the environment as it is."""
    for name, value in values.items():
        if value is not None:
            os.environ[f"EVALHUB_{name.upper()}"] = str(value)


def django_start(data_dir: Path | None = None) -> Env:
    """Set Django up on the data folder. Raises CommandError for a wrong setting or a folder that cannot be written."""
    set_environment(data_dir=data_dir)
    try:
        env = read_env()
    except BadSetting as error:
        raise CommandError(f"A setting cannot be used: {error}") from None
    folder_check(env.resolved_data_dir)
    _django_setup()
    return env


def folder_check(folder: Path) -> None:
    """Make the folder and write into it. Permission bits alone do not say whether that works (root, read-only mounts, full disks)."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        sentence = f"The data folder {folder} cannot be written ({error.strerror or error})."
        raise CommandError(f"{sentence} Choose another one with --data-dir or EVALHUB_DATA_DIR.") from None


def _django_setup() -> None:
    import django
    from django.core.exceptions import ImproperlyConfigured

    # Set, not defaulted: a shell that serves another Django project may carry that project's name.
    os.environ["DJANGO_SETTINGS_MODULE"] = "evalhub.settings"
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise CommandError(f"A setting cannot be used: {error}") from None
    except OSError as error:
        raise CommandError(f"The secret key file cannot be used: {error}") from None


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """Turn a database that cannot be reached or read into one sentence."""
    from django.db import DatabaseError, connection

    try:
        yield
    except DatabaseError as error:
        where = connection.settings_dict["NAME"]
        reason = " ".join(str(error).split())
        raise CommandError(f"The database {where} cannot be used: {reason}") from None


def database_state() -> Database:
    """Compare what is applied with what this version ships. Only tables of ours can make a database newer."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with database_errors():
        executor = MigrationExecutor(connection)
        loader = executor.loader
        applied = {key for key in loader.applied_migrations if key[0] in OUR_APPS}
        if not applied:
            return Database.EMPTY
        if applied - set(loader.disk_migrations):
            return Database.NEWER
        return Database.OLDER if executor.migration_plan(loader.graph.leaf_nodes()) else Database.CURRENT


def refuse_newer(state: Database) -> None:
    """Raises CommandError when a newer EvalHub has been at this database: this version would write rows that one cannot read."""
    if state is Database.NEWER:
        raise CommandError("The database was made by a newer version of EvalHub. Update EvalHub, or choose another folder with --data-dir.")


def require_current() -> None:
    """For web and worker, which several may start at once: they check, and leave migrating to `evalhub up` and `evalhub migrate`."""
    state = database_state()
    refuse_newer(state)
    if state is not Database.CURRENT:
        raise CommandError("The database is not up to date with this version of EvalHub. Run `evalhub migrate` first.")


def require_started() -> None:
    """For commands that work beside a running EvalHub: an empty database is prepared, an older one is left to `evalhub migrate`."""
    state = database_state()
    if state is Database.EMPTY:
        _require_no_tables()
        prepare()
        typer.echo(f"The tables were not there yet, so they were made in {_database_place()}", err=True)
    elif state is not Database.CURRENT:
        require_current()


def _require_no_tables() -> None:
    """A database that has somebody's tables may be the wrong one, or one whose first `evalhub migrate` is under way."""
    from django.db import connection

    with database_errors():
        if connection.introspection.table_names():
            raise CommandError("The database has tables, but none of EvalHub's. If it is the right one, run `evalhub migrate` first.")


def _database_place() -> str:
    """Where the tables are, and which setting says so. Without the password."""
    from django.db import connection

    place = connection.settings_dict
    if connection.vendor == "postgresql":
        return f"the PostgreSQL database {place['NAME']} on {place['HOST'] or 'this machine'} (DATABASE_URL)."
    return f"{place['NAME']}. If EvalHub runs with another --data-dir or a DATABASE_URL, give that."


def prepare() -> None:
    """Migrate and seed; safe to call again, and by two processes at once."""
    from django.core.management import call_command

    from evalhub.seed import seed_ensure

    refuse_newer(database_state())
    with database_errors(), one_at_a_time():
        call_command("migrate", interactive=False, verbosity=0)
        seed_ensure()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """One migrates or sets up, the others wait: an advisory lock on PostgreSQL, a locked file beside the SQLite file."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [SETUP_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SETUP_LOCK])
    else:
        with _locked_file(settings.DATA_DIR / "migrate.lock"):
            yield


@contextlib.contextmanager
def _locked_file(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows has no flock; there SQLite's own write lock has to do
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed, also by a crash
        yield
