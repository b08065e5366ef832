"""`evalhub eval-runs create|retrieve`: durable eval runs through the API, followed to their end and held against thresholds."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from evalhub.cli.api import DURABLE, Api, Refused, Unreachable, connect
from evalhub.cli.errors import FAILED, OK, CommandError
from evalhub.cli.files import json_of, read_text
from evalhub.cli.follow import FINAL, PATIENCE_S
from evalhub.cli.junit import junit_text
from evalhub.cli.report import bar
from evalhub.cli.run_eval import INTERRUPTED
from evalhub.common.formatting import percent, score, usd
from evalhub.common.ids import id_or_none

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.3, 3.0
PAGE = 200
ID = re.compile(r"[\w-]{1,100}")
STATES = ("completed", "failed", "cancelled", "interrupted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a run must meet, where it is given. Rates in percent, scores from 0 to 100, costs in US dollars."""

    min_pass_rate: float | None = None
    min_score: float | None = None
    max_failed: int | None = None
    max_cost: float | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.min_pass_rate, self.min_score, self.max_failed, self.max_cost))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What both commands share."""

    url: str
    api_key: str
    limits: Thresholds
    junit: str = ""
    wait: bool = False

    @property
    def waits(self) -> bool:
        return self.wait or bool(self.limits) or bool(self.junit)


def create(request: str, asked: Asked) -> int:
    """The command's exit code. The request is read before anything is asked of the server."""
    body = read_request(request)

    async def start(api: Api) -> dict[str, Any]:
        return _a_run(await api.post("/eval-runs", body), api)

    return _ended(start, asked)


def retrieve(eval_run_id: str, asked: Asked) -> int:
    """The command's exit code."""
    if not ID.fullmatch(eval_run_id):
        raise CommandError(f"{eval_run_id[:80]!r} is no id of an eval run; it looks like eval_run_0a1b2c3d4e5f60718293a4b5c6d7e8f9.")

    async def look(api: Api) -> dict[str, Any]:
        return await _run(api, eval_run_id)

    return _ended(look, asked)


def read_request(given: str) -> dict[str, Any]:
    """A JSON object from the command line, from @FILE or from standard input. Raises CommandError."""
    where, text = "--request", given
    if given == "-":
        where, text = "standard input", sys.stdin.read()
    elif given.startswith("@"):
        where, text = given[1:], read_text(given[1:])
    body = json_of(text, where)
    if not isinstance(body, dict):
        raise CommandError(f'{where}: must be a JSON object, such as {{"type": "prompts"}}.')
    return body


def _ended(begin: Callable[[Api], Awaitable[dict[str, Any]]], asked: Asked) -> int:
    """Ctrl-C stops watching, not the run; nor does whatever else ends the command early."""
    started: list[str] = []
    if asked.junit:
        _check_writable(asked.junit)
    try:
        return asyncio.run(_follow(begin, asked, started))
    except CommandError as error:
        if not started or started[0] in str(error):
            raise
        raise CommandError(f"{error} The run is not lost: {started[0]}", error.code) from None
    except KeyboardInterrupt:
        say = f"\nStopped watching. The run goes on: evalhub eval-runs retrieve --eval-run-id {started[0]}" if started else "\nStopped."
        typer.echo(say, err=True)
        return INTERRUPTED


async def _follow(begin: Callable[[Api], Awaitable[dict[str, Any]]], asked: Asked, started: list[str]) -> int:
    async with connect(asked.url, asked.api_key, DURABLE) as api:
        run = await begin(api)
        started.append(run["id"])
        if asked.waits:
            run = await _watched(api, run)
        typer.echo(json.dumps(run, ensure_ascii=False, indent=2))
        if asked.junit:
            _write(asked.junit, junit_text(run, [child async for child in _children(api, run["id"])], api.url))
    if not asked.waits:
        return OK
    typer.echo(brief(run, api.url), err=True)
    sentences = verdict(run, asked.limits)
    for sentence in sentences:
        typer.echo(sentence, err=True)
    return FAILED if sentences else OK


async def _run(api: Api, eval_run_id: str) -> dict[str, Any]:
    return _a_run(await api.get(f"/eval-runs/{quote(eval_run_id, safe='')}"), api)


def _a_run(answer: Any, api: Api) -> dict[str, Any]:
    """The answer, if it is one of /v1. Raises CommandError."""
    if isinstance(answer, dict) and isinstance(answer.get("progress"), dict) and {"id", "status", "source_type"} <= answer.keys():
        return answer
    raise CommandError(f"What answers at {api.url} is no EvalHub: its answer is no eval run.")


async def _watched(api: Api, run: dict[str, Any]) -> dict[str, Any]:
    """The run once it is over. Raises CommandError when the server stays away for a minute."""
    pause, heard = FIRST_PAUSE_S, time.monotonic()
    with bar(TextColumn("{task.fields[states]}", markup=False), TimeElapsedColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task("", total=None, states="")
        while True:
            _show(progress, task, run)
            if run["status"] in FINAL:
                return run
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, LONGEST_PAUSE_S)
            try:
                run, heard = await _run(api, run["id"]), time.monotonic()
            except (Unreachable, Refused) as error:
                if not error.may_pass:
                    raise
                if time.monotonic() - heard > PATIENCE_S:
                    raise CommandError(f"EvalHub at {api.url} went away. The run is not lost: {run['id']}", FAILED) from None


async def _children(api: Api, eval_run_id: str) -> Any:
    """Every child, in the order of dispatch."""
    after: int | None = -1
    while after is not None:
        page = await api.get(f"/eval-runs/{quote(eval_run_id, safe='')}/runs?after={after}&limit={PAGE}")
        for child in page["data"]:
            yield child
        after = page["meta"]["next"]


def _show(progress: Progress, task: Any, run: Mapping[str, Any]) -> None:
    counts = run["progress"]
    done = sum(counts[state] for state in STATES)
    bad = ", ".join(f"{counts[state]} {state}" for state in STATES[1:] if counts[state])
    progress.update(task, total=counts["total"] or None, completed=done, description=run.get("stage") or run["status"], states=bad)


def _check_writable(path: str) -> None:
    """Hours of waiting are not to end with a report that has nowhere to go. Raises CommandError."""
    was_there = os.path.lexists(path)
    try:
        with open(path, "a"):
            pass
        if not was_there:
            os.unlink(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}.") from None


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}.", FAILED) from None


def brief(run: Mapping[str, Any], url: str) -> str:
    """What came of it on one line, and where its page is: "completed: 3 of 4 passed (75 %), $0.5000. http://…/batches/…/"."""
    overall = (run.get("summary") or {}).get("overall") or {}
    told = [f"{run['progress']['total']} children"]
    if overall.get("judged"):
        told = [f"{overall['passed']} of {overall['judged']} passed ({percent(overall['pass_rate'])})"]
    if overall.get("mean_score") is not None:
        told.append(f"mean score {score(overall['mean_score'])}")
    if without := sum(run["progress"][state] for state in STATES[1:]):
        told.append(f"{without} without a result")
    cost = run.get("actual_cost")
    told.append("cost not known" if cost is None else usd(cost))
    return f"{run['status']}: {', '.join(told)}. {url}/batches/{_batch(run['id'])}/"


def _batch(eval_run_id: str) -> str:
    """The id that pages have it by; "" for what is none."""
    return str(id_or_none(eval_run_id.removeprefix("eval_run_")) or "")


def verdict(run: Mapping[str, Any], limits: Thresholds) -> list[str]:
    """Why the exit code is not 0, a sentence each."""
    sentences = []
    if run["status"] != "completed":
        sentences.append(f"The eval run is {run['status']}: {run.get('error') or 'no reason was given'}")
    overall = (run.get("summary") or {}).get("overall") or {}
    sentences += _too_low("The pass rate", _percent(overall.get("pass_rate")), limits.min_pass_rate, " %", "no child passed or failed")
    sentences += _too_low("The mean score", overall.get("mean_score"), limits.min_score, "", "no child was scored")
    failed = run["progress"]["failed"]
    if limits.max_failed is not None and failed > limits.max_failed:
        sentences.append(f"{failed} children could not be carried out; {limits.max_failed} are allowed.")
    return sentences + _too_dear(run.get("actual_cost"), limits.max_cost)


def _percent(rate: float | None) -> float | None:
    return None if rate is None else rate * 100


def _too_low(what: str, value: float | None, least: float | None, unit: str, otherwise: str) -> list[str]:
    if least is None:
        return []
    if value is None:
        return [f"{what} is not known, since {otherwise}; at least {least:g}{unit} was asked for."]
    return [f"{what} {value:.1f}{unit} is below the threshold of {least:g}{unit}."] if value < least else []


def _too_dear(cost: float | None, most: float | None) -> list[str]:
    if most is None:
        return []
    if cost is None:
        return [f"What it cost is not known, since a model has no price; at most ${most:g} was asked for."]
    return [f"It cost ${cost:.4f}, more than ${most:g}."] if cost > most else []
