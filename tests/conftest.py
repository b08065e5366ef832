"""What every test gets: where shared material lies, and no database connection left open in a helper thread."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import SyncToAsync
from django.db import connections

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def _close_connections_of_async_tests() -> Iterator[None]:
    """asgiref keeps one thread for sync code, and that thread its connection: PostgreSQL would refuse to drop the test database."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture
def shared() -> Path:
    """The folder with real conversations and the public contracts, which stands beside the project where it is developed."""
    if SHARED.is_dir():
        return SHARED
    if os.environ.get("EVALHUB_TEST_CI"):
        pytest.fail(f"{SHARED} is missing, and the gate must run this test.")
    pytest.skip(f"{SHARED} is not on this machine")
