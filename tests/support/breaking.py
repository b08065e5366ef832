"""A database whose connection breaks in the middle of a commit of the journal."""

import threading

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper


def commit_breaks(monkeypatch: pytest.MonkeyPatch, *, happened: bool) -> list[bool]:
    """Django's own commit fails once, after or before it took effect. What is returned is empty once it has."""
    breaks, commits = [True], BaseDatabaseWrapper._commit

    def breaking(connection: BaseDatabaseWrapper) -> None:
        if threading.current_thread().name == "evalhub-journal" and breaks:
            breaks.clear()
            if happened:
                commits(connection)
            raise OperationalError("server closed the connection unexpectedly")
        commits(connection)

    monkeypatch.setattr(BaseDatabaseWrapper, "_commit", breaking)
    return breaks
