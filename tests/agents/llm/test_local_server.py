"""The local model: what is said when something is missing, and one real conversation with it."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import pytest
from pydantic import BaseModel, Field

from agents.llm.local_server import LocalModelError, find_gguf, serve_gguf
from agents.llm.registry import ModelSpec, connect
from agents.llm.types import ChatMessage

START_S = 60


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalModelError, match="no model file at .*none.gguf"):
        find_gguf(tmp_path / "none.gguf")


def test_a_file_of_ones_own_is_taken(tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    assert find_gguf(tmp_path / "own.gguf") == (tmp_path / "own.gguf").resolve()


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="needs evalhub[local]")
def test_a_taken_port_is_said_before_the_model_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LocalModelError, match="Choose another with --port"):
            serve_gguf(tmp_path / "x.gguf", "127.0.0.1", taken.getsockname()[1])


@pytest.mark.skipif(find_spec("xllamacpp") is not None, reason="the extra is installed")
def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalModelError, match=r"evalhub\[local\]"):
        serve_gguf(tmp_path / "x.gguf", "127.0.0.1", 1)


class Rating(BaseModel):
    reason: str = Field(max_length=60)
    score: int = Field(ge=0, le=100)


@pytest.fixture
def local_address() -> Iterator[str]:
    if find_spec("xllamacpp") is None:
        pytest.skip("needs evalhub[local]")
    try:
        path = find_gguf()
    except LocalModelError as error:
        pytest.skip(str(error))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"from pathlib import Path; from agents.llm.local_server import serve_gguf; serve_gguf(Path({str(path)!r}), '127.0.0.1', {port})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=1) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the local model did not start within {START_S} s")


@pytest.mark.local_model
@pytest.mark.slow
async def test_a_real_model_talks_and_fills_in_a_schema(local_address: str, http: aiohttp.ClientSession) -> None:
    model = connect(ModelSpec("local", "smollm2", "openai", local_address), http)
    reply = await model.complete([ChatMessage("user", "Say hello to the team.")], max_tokens=16, seed=1)
    assert reply.text.strip()
    assert reply.usage.output_tokens
    assert reply.calls[0].price_usd is None
    rated = await model.complete([ChatMessage("user", "Rate this answer: yes.")], schema=Rating, max_tokens=120, seed=1, temperature=0.2)
    assert isinstance(rated.parsed, Rating)
    assert 0 <= rated.parsed.score <= 100
