"""The mock model server itself: faults by name and by queue, its counts, and its life as a process."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import aiohttp
import pytest

from agents.llm.registry import connect
from agents.llm.types import ChatMessage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_faults import Fault, Script, faults_in_name
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "hello")]


@pytest.mark.parametrize(
    ("name", "count", "faults"),
    [
        ("plain", 1, []),
        ("gpt-4o-mini", 1, []),
        ("m+429", 9, [Fault("429")]),
        ("m+429x2", 2, [Fault("429")]),
        ("m+429x2", 3, []),
        ("m+latency50", 1, [Fault("latency", seconds=0.05)]),
        ("m+jitter10-50", 1, [Fault("jitter", seconds=0.01, most_seconds=0.05)]),
        ("m+retry-after0.5x1", 1, [Fault("429", retry_after="0.5")]),
        ("m+cut-bodyx1+latency5", 1, [Fault("cut-body"), Fault("latency", seconds=0.005)]),
    ],
)
def test_faults_are_read_from_a_models_name(name: str, count: int, faults: list[Fault]) -> None:
    assert faults_in_name(name, count) == faults


def test_a_queue_goes_before_the_standing_faults() -> None:
    script = Script()
    script.always("m", "500")
    script.push("m", "429", None)
    assert [script.next_for("m", number) for number in (1, 2, 3)] == [[Fault("429")], [], [Fault("500")]]


async def test_it_counts_by_model_and_purpose(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    model = connect(make_spec(), http)
    await model.complete(HELLO)
    await model.complete([ChatMessage("system", "End with [[goal_met]]"), *HELLO])
    async with http.get(f"{server.url}/_stats") as response:
        assert await response.json() == {"requests": 2, "by_model_and_purpose": {"mock agent": 1, "mock user": 1}}


async def test_latency_slows_an_answer_down(make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
    reply = await connect(make_spec(model="m+latency80"), http).complete(HELLO)
    assert reply.latency_ms >= 80


@pytest.mark.process
def test_it_runs_as_a_process() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = Path(__file__).parents[3]
    process = subprocess.Popen([sys.executable, "-m", "tests.support.mock_server", "--port", str(port)], cwd=root)
    try:
        assert _stats(port) == {"requests": 0, "by_model_and_purpose": {}}
    finally:
        process.terminate()
        process.wait(10)


def _stats(port: int) -> object:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stats", timeout=1) as response:
                return json.load(response)
        except OSError:
            time.sleep(0.1)
    return None
