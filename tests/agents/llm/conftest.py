"""A mock model server and a session for each test, and specs that retry fast enough for one."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest_asyncio

from agents.llm.http import open_session
from agents.llm.registry import ModelSpec
from tests.support.mock_server import MockModelServer

MakeSpec = Callable[..., ModelSpec]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MockModelServer]:
    async with MockModelServer() as running:
        yield running


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


@pytest_asyncio.fixture
async def make_spec(server: MockModelServer) -> MakeSpec:
    """A spec of any kind that points at the mock server; keywords override."""

    def make(kind: str = "openai", model: str = "mock", **changes: object) -> ModelSpec:
        address = {"openai": server.openai_url, "anthropic": server.anthropic_url, "webhook": server.webhook_url}.get(kind, "")
        values: dict[str, object] = {"base_url": address, "api_key": "sk-secret", "timeout_s": 5.0}
        values |= {"max_attempts": 3, "patience_s": 0.0, "retry_base_s": 0.01}
        return ModelSpec(provider="test", model=model, kind=kind, **{**values, **changes})  # type: ignore[arg-type]

    return make
