"""What trials are driven with: a model server, a provider that leads to it, and a worker."""

from collections.abc import Callable, Iterator

import pytest

from agents.models import ModelProvider
from runs.engine.drain import run_drain
from runs.models import Batch, Trial
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server
from tests.support.runs import project_make

Driven = Callable[[Batch], list[Trial]]


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running


@pytest.fixture
def openai(server: MockModelServer, transactional_db: None) -> MockModelServer:
    """The model server as the provider `openai` of the default project."""
    ModelProvider.objects.create(project=project_make(), name="openai", base_url=server.openai_url)
    return server


@pytest.fixture
def driven() -> Driven:
    """Drive the children of a batch to their ends."""

    def drive(batch: Batch) -> list[Trial]:
        run_drain(linger=0)
        return list(Trial.objects.filter(batch=batch).select_related("run").order_by("position"))

    return drive
