"""A migrated, empty database of each kind, to be copied: migrating takes longer than most tests."""

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from tests.process.running import evalhub
from tests.support.postgres import scratch_database


def migrate(folder: Path, url: str = "") -> None:
    done = evalhub("migrate", "--data-dir", str(folder), DATABASE_URL=url)
    assert done.returncode == 0, done.stderr


class Blanks:
    """Each is made when it is first copied. `stack` drops what stands on a server."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._urls: dict[str, str] = {}

    @contextlib.contextmanager
    def copy(self, kind: str, folder: Path) -> Iterator[str]:
        """Make the data folder, and yield the address of its database: "" for SQLite. Raises OperationalError without a server."""
        blank = self._folder / kind
        if kind not in self._urls:
            url = self._stack.enter_context(scratch_database()) if kind == "postgres" else ""
            migrate(blank, url)
            self._urls[kind] = url
        shutil.copytree(blank, folder)
        if kind == "sqlite":
            yield ""
            return
        with scratch_database(template=urlsplit(self._urls[kind]).path.lstrip("/")) as url:
            yield url
