"""The published client in both its forms. Modules that import this skip where the client is not installed."""

import asyncio
import inspect
import time
from collections.abc import Iterator
from typing import Any

from sonzai import AsyncSonzai, Sonzai
from sonzai._retry import RetryPolicy

PERSONA = {"name": "Jonas", "description": "Cooks for two after work.", "style": "short"}
SCRIPT = [
    {
        "name": "Monday",
        "time_gap_hours": 0,
        "turns": [{"user_message": "Hi, I am Jonas."}, {"user_message": "I have two dogs."}, {"user_message": "What can I cook?"}],
    },
    {
        "name": "Friday",
        "time_gap_hours": 96,
        "turns": [{"user_message": "Hi again."}, {"user_message": "Which pets have I got?"}, {"user_message": "Thanks!"}],
    },
]
SAID = [{"role": "user", "content": "I have two dogs. What now?"}, {"role": "assistant", "content": "Walk both of your dogs twice a day."}]
RUBRIC = {
    "categories": [
        {"key": "helpfulness", "label": "Helpfulness", "prompt_instructions": "Does the agent help?"},
        {"key": "tone", "label": "Tone", "prompt_instructions": "Is the agent kind?"},
    ],
    "scoring_rubric": "Be fair.",
    "judge_model": "demo/judge",  # the client's own default is a model of a provider that tests have no key for
}
FINAL = ("completed", "failed", "cancelled")


class Blocking:
    """The asynchronous client used like the other one, so that one set of tests drives both. Streams and pages become generators."""

    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target, self._runner = target, runner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return Blocking(value, self._runner)
        return lambda *args, **kwargs: self._settled(value(*args, **kwargs))

    def _settled(self, value: Any) -> Any:
        if inspect.iscoroutine(value):
            return self._settled(self._runner.run(value))
        return self._drawn(value) if hasattr(value, "__anext__") else value

    def _drawn(self, items: Any) -> Iterator[Any]:
        try:
            while True:
                yield self._runner.run(_next(items))
        except StopAsyncIteration:
            return
        finally:
            if hasattr(items, "aclose"):
                self._runner.run(items.aclose())


async def _next(items: Any) -> Any:
    return await items.__anext__()


def opened(form: str, url: str, key: str, **options: Any) -> Iterator[Any]:
    """A client of one form, closed afterwards. Nothing is tried twice unless the test says so."""
    options = {"retry": RetryPolicy.none(), **options}
    if form == "sync":
        with Sonzai(api_key=key, base_url=url, **options) as client:
            yield client
        return
    with asyncio.Runner() as runner:
        target = AsyncSonzai(api_key=key, base_url=url, **options)
        yield Blocking(target, runner)
        runner.run(target.close())


def finished(client: Any, run_id: str, seconds: float = 20.0) -> Any:
    """Poll a run until it is over, as clients of `evaluate` do."""
    deadline = time.monotonic() + seconds
    while True:
        run = client.eval_runs.get(run_id)
        if run.status in FINAL:
            return run
        assert time.monotonic() < deadline, f"the run is still {run.status}"
        time.sleep(0.05)
