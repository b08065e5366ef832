"""`evalhub run-eval`: start a run through the API, show it happening, print what it came to."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer
from rich.progress import Progress, TaskID

from evalhub.cli.api import Api, Refused, agent_path, connect
from evalhub.cli.errors import FAILED, OK
from evalhub.cli.files import in_their_files, read_persona, read_sessions
from evalhub.cli.follow import ended, events, run_page
from evalhub.cli.report import print_run, progress_bar, score_text
from runs.plan import plan_sessions, planned_turns

INTERRUPTED = 130  # what a shell expects of a program that Ctrl-C ended


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEval:
    """Everything the person asked for."""

    url: str
    api_key: str
    agent: str
    template: str
    persona_file: str = ""
    sessions_file: str = ""
    max_sessions: int | None = None
    max_turns: int | None = None
    model: str = ""
    min_score: float | None = None
    as_json: bool = False


def run_eval(asked: RunEval) -> int:
    """The command's exit code. Ctrl-C stops watching, not the run."""
    body = request_body(asked)  # files are read before anything is asked of the server
    started: list[str] = []
    try:
        return asyncio.run(_run(asked, body, started))
    except KeyboardInterrupt:
        typer.echo(f"\nStopped watching. The run goes on: {started[0]}" if started else "\nNo run was started.", err=True)
        return INTERRUPTED


def request_body(asked: RunEval) -> dict[str, Any]:
    """The body of POST run-eval without the template: only what was asked for, so that defaults stay the server's."""
    limits = {"max_sessions": asked.max_sessions, "max_turns_per_session": asked.max_turns}
    body: dict[str, Any] = {"simulation_config": {key: value for key, value in limits.items() if value is not None}}
    if asked.persona_file:
        body["user_persona"] = read_persona(asked.persona_file)
    if asked.sessions_file:
        body["sessions"] = read_sessions(asked.sessions_file)
    if asked.model:
        body["model"] = asked.model
    return body


async def _run(asked: RunEval, body: dict[str, Any], started: list[str]) -> int:
    async with connect(asked.url, asked.api_key) as api:
        body["template_id"] = await api.template_id(asked.template)
        run_id = await _start(api, asked, body)
        started.append(run_page(api, run_id))
        await _watch(api, run_id, body)
        run = await ended(api, run_id)
    if asked.as_json:
        typer.echo(json.dumps(run, ensure_ascii=False, indent=2))
    else:
        print_run(run, started[0])
    code, sentence = verdict(run, asked.min_score)
    if sentence:
        typer.echo(sentence, err=True)
    return code


async def _start(api: Api, asked: RunEval, body: Mapping[str, Any]) -> str:
    try:
        return str((await api.post(agent_path(asked.agent, "run-eval"), body))["run_id"])
    except Refused as refused:
        files = {"user_persona": asked.persona_file, "sessions": asked.sessions_file}
        raise in_their_files(refused, {key: name for key, name in files.items() if name}) from None


async def _watch(api: Api, run_id: str, body: Mapping[str, Any]) -> None:
    total = planned_turns(plan_sessions(body.get("sessions", ()), body["simulation_config"]))
    with progress_bar() as progress:
        task = progress.add_task("Waiting for a worker", total=total, cost=0.0)
        async for event in events(api, run_id):
            show(progress, task, event)


def show(progress: Progress, task: TaskID, event: Mapping[str, Any]) -> None:
    """One event on the bar. A conversation that ends early fills it when judging begins."""
    progress.update(task, completed=event["total_turns"], cost=event["total_cost_usd"])
    words = description(event)
    if words:
        progress.update(task, description=words)
    if event["type"] == "simulation_completed":
        progress.update(task, total=event["total_turns"])


def description(event: Mapping[str, Any]) -> str:
    """What is going on, in a few words; "" for an event that changes nothing about it."""
    match event["type"]:
        case "session_started":
            return f"Session {event['session_index'] + 1}"
        case "turn_started":
            return f"Session {event['session_index'] + 1}"
        case "evaluation_started":
            return f"Judging {event.get('kind', 'quality')}"
        case "retrying" if event.get("model"):
            return f"Waiting {event.get('wait_seconds', 0):.0f} s for {event.get('model', 'a model')}"
        case _:
            return ""


def verdict(run: Mapping[str, Any], min_score: float | None) -> tuple[int, str]:
    """The exit code of a run, and the sentence that says why it is not 0."""
    if run["status"] != "completed":
        return FAILED, f"The run is {run['status']}: {run.get('error_reason') or 'no reason was given'}"
    score = (run["evaluation_result"] or {}).get("score")
    if min_score is None:
        return OK, ""
    if score is None:
        return FAILED, f"The run is unscored, so the threshold of {min_score:g} is not reached."
    if score < min_score:
        return FAILED, f"The score {score_text(score)} is below the threshold of {min_score:g}."
    return OK, ""
