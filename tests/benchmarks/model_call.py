"""What one call costs in the model layer beside a bare aiohttp post: `python -m tests.benchmarks.model_call`.

Bare posts and `complete` alternate in one process, fifty at a time, against the engine benchmark's model server in another. Prints CPU
(user and system) a call: bare, unpriced, priced, and a judge's answer in a schema.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import aiohttp

from agents.llm.http import open_session
from agents.llm.registry import ModelSpec, connect
from agents.llm.types import ChatMessage, ChatModel
from runs.engine.judge import judge_once
from runs.engine.transcript import Line
from tests.benchmarks.engine_mock import KEYS, SAID
from tests.process.running import ROOT

AT_ONCE = 50
MODEL = "gpt-4.1-mini"
UNPRICED = "a-model-of-no-list"
TALK = [
    ChatMessage("system", "You are a patient person who talks about an order. " * 20),
    *(ChatMessage("assistant" if index % 2 else "user", SAID) for index in range(7)),
]
LINES = [Line(index, 0, index // 2, "assistant" if index % 2 else "user", SAID) for index in range(12)]
CATEGORIES = [{"key": key, "label": key.title(), "prompt_instructions": f"Judge the {key}.", "weight": 1.0} for key in KEYS]
RUBRIC = {"scoring_rubric": "Be fair.", "temperature": 0.0, "max_tokens": 4096, "categories": CATEGORIES}

Once = Callable[[], Awaitable[object]]


def calls(url: str, http: aiohttp.ClientSession) -> dict[str, Once]:
    """What is measured, by what it is called in the table. The first is what the others are compared with."""
    body = {"messages": [{"role": message.role, "content": message.content} for message in TALK], "model": MODEL, "seed": 7}

    async def bare() -> str:
        async with http.post(f"{url}/v1/chat/completions", json=body) as response:
            answer = json.loads(await response.read())
        return str(answer["choices"][0]["message"]["content"])

    def model(provider: str, name: str) -> ChatModel:
        return connect(ModelSpec(provider=provider, model=name, kind="openai", base_url=f"{url}/v1", api_key="sk-none"), http)

    unpriced, priced = model("local", UNPRICED), model("openai", MODEL)
    return {
        "bare aiohttp post": bare,
        "complete, unpriced": lambda: unpriced.complete(TALK, seed=7),
        "complete, priced": lambda: priced.complete(TALK, seed=7),
        "a judgement of four categories": lambda: judge_once(priced, RUBRIC, LINES, persona={}, agent_name="Mara", seed=7),
    }


async def cpu_ms(once: Once, count: int) -> float:
    """CPU of this process for one call, in milliseconds."""
    left = iter(range(count))

    async def ask() -> None:
        for _ in left:
            await once()

    before = time.process_time()
    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return (time.process_time() - before) * 1000 / count


async def measure(url: str, count: int, rounds: int) -> dict[str, float]:
    """The median of `rounds`, which take turns so that what else the machine does falls on all."""
    async with open_session() as http:
        asked = calls(url, http)
        for once in asked.values():
            await cpu_ms(once, AT_ONCE)
        found: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(rounds):
            for name, once in asked.items():
                found[name].append(await cpu_ms(once, count))
    return {name: statistics.median(values) for name, values in found.items()}


@contextlib.contextmanager
def model_server() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.engine_mock", "--latency", "0.02"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def table(measured: Mapping[str, float]) -> str:
    bare = next(iter(measured.values()))
    rows = [f"{name:32}{value:8.3f}{value - bare:10.3f}{value / bare:9.2f}" for name, value in measured.items()]
    return "\n".join([f"{'':32}{'ms a call':>8}{'more':>9}{'ratio':>9}", *rows])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="CPU of a model call beside a bare aiohttp post.")
    parser.add_argument("--calls", type=int, default=2000, help="calls of each kind in a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts (default: %(default)s)")
    parser.add_argument("--uvloop", action="store_true", help="on uvloop, as a worker runs, instead of asyncio's own loop")
    given = parser.parse_args(arguments)
    with model_server() as url, asyncio.Runner(loop_factory=_uvloop if given.uvloop else None) as runner:
        print(table(runner.run(measure(url, given.calls, given.rounds))))


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


if __name__ == "__main__":
    main()
