"""A benchmark serves with real processes."""

from pathlib import Path

import pytest

from tests.process.running import mark_real_processes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_real_processes(items, Path(__file__).parent)
