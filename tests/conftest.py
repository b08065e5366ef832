"""What every test gets: where shared material lies, and no database connection left open in a helper thread."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings as django_settings
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from hypothesis import HealthCheck, settings

from runs.clock import CLOCK

ASSETS = "evalhub.assets.AssetMiddleware"
SHARED = Path(__file__).resolve().parents[2] / "shared"

# How long an example takes says more about the machine than about the code: the gate runs several parts at once.
settings.register_profile("evalhub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("evalhub")


@pytest.fixture(autouse=True, scope="session")
def _static_files_are_not_served() -> None:
    """Each test client would list them anew, and a request of one go through two threads. tests/evalhub/test_assets.py has them."""
    django_settings.MIDDLEWARE = [name for name in django_settings.MIDDLEWARE if name != ASSETS]


@pytest.fixture(autouse=True, scope="session")
def _flush_only_empties() -> Iterator[None]:
    """Types and permissions of models, and triggers, would be made anew after each test that commits."""
    with patch("django.core.management.commands.flush.emit_post_migrate_signal", lambda *_, **__: ContentType.objects.clear_cache()):
        yield


@pytest.fixture(autouse=True)
def _close_connections_of_async_tests() -> Iterator[None]:
    """asgiref keeps one thread for sync code, and that thread its connection: PostgreSQL would refuse to drop the test database."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(autouse=True)
def _leases_are_believed() -> Iterator[None]:
    """A worker that saw an outage takes no run for silent for a while; the next test is another worker."""
    yield
    CLOCK.reset()


@pytest.fixture
def shared() -> Path:
    """The folder with real conversations and the public contracts, which stands beside the project where it is developed."""
    if SHARED.is_dir():
        return SHARED
    pytest.skip(f"{SHARED} is not on this machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that commit: they empty every table afterwards, and most wait for threads."""
    for item in items:
        database = item.get_closest_marker("django_db")
        if database and database.kwargs.get("transaction"):
            item.add_marker(pytest.mark.commits)


# Skips that mean "another part of the gate ran it"; everything else the gate's machine must be able to run.
FINE_TO_SKIP = ("the extra is installed", "only PostgreSQL", "only SQLite")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In the gate a test that is skipped for want of something is a failure: a machine without it proves nothing."""
    report = yield
    if report.skipped and os.environ.get("EVALHUB_TEST_CI") and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        fine_here = filter(None, os.environ.get("EVALHUB_TEST_MAY_SKIP", "").split("|"))  # what this part of the gate leaves to another
        if not any(fine in reason for fine in (*FINE_TO_SKIP, *fine_here)):
            report.outcome = "failed"
            report.longrepr = f"skipped, but the gate must run it: {reason}"
    return report
