"""Notes beside a request, such as when something was last used. They never wait for a lock and never fail for one."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Model, QuerySet


def update_if_free(rows: QuerySet[Any, Any], **values: Any) -> None:
    """Write into these rows if that can be done at once: reading must go on while somebody writes, and the next request tries again."""
    model: type[Model] = rows.model
    if connection.vendor == "postgresql":
        with transaction.atomic(savepoint=False):
            free = rows.select_for_update(skip_locked=True).values("pk")
            model._default_manager.filter(pk__in=free).update(**values)
    else:
        with contextlib.suppress(OperationalError), sqlite_impatient():
            rows.update(**values)


@contextlib.contextmanager
def sqlite_impatient() -> Iterator[None]:
    """What finds SQLite's write lock taken raises at once, instead of after the many seconds that a write may wait."""
    raw = connection.connection
    [[patience]] = raw.execute("PRAGMA busy_timeout")
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience}")
