"""Rows that many tests of a module look at and none may change for the others: made once, since to make them costs more than the tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

T = TypeVar("T")


@contextmanager
def committed(make: Callable[[], T], blocker: DjangoDbBlocker) -> Iterator[T]:
    """For a fixture of a module whose tests roll back what they do. Afterwards every table is empty again."""
    with blocker.unblock(), transaction.atomic():
        made = make()
    yield made
    with blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)
