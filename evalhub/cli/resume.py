"""`evalhub resume` and `evalhub cancel`: what a person asks of a run that is there, through the API."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import typer

from evalhub.cli.api import Api, connect
from evalhub.cli.errors import OK
from evalhub.cli.follow import FINAL, ended, events, run_page
from evalhub.cli.report import print_run, progress_bar
from evalhub.cli.run_eval import INTERRUPTED, show, verdict


def cancel(run_id: str, *, url: str, api_key: str) -> None:
    """Ask it to stop, and say what became of it."""
    typer.echo(asyncio.run(_cancel(run_id, url, api_key)))


async def _cancel(run_id: str, url: str, api_key: str) -> str:
    async with connect(url, api_key) as api:
        run = await _asked(api, run_id, "cancel")
        if run["status"] in FINAL:
            return f"The run is {run['status']}: {run_page(api, run['run_id'])}"
        return f"The run was asked to stop: {run_page(api, run['run_id'])}"


def resume(run_id: str, *, url: str, api_key: str, follow: bool) -> int:
    """The command's exit code. Ctrl-C stops watching, not the run."""
    try:
        return asyncio.run(_resume(run_id, url, api_key, follow=follow))
    except KeyboardInterrupt:
        typer.echo("\nStopped watching. The run goes on.", err=True)
        return INTERRUPTED


async def _resume(run_id: str, url: str, api_key: str, *, follow: bool) -> int:
    async with connect(url, api_key) as api:
        resumed = await _asked(api, run_id, "resume")
        address = run_page(api, resumed["run_id"])
        if not follow:
            typer.echo(f"The run waits for a worker: {address}")
            return OK
        run = await _watched(api, resumed)
    print_run(run, address)
    code, sentence = verdict(run, None)
    if sentence:
        typer.echo(sentence, err=True)
    return code


async def _asked(api: Api, run_id: str, action: str) -> dict[str, Any]:
    run: dict[str, Any] = await api.post(f"/eval-runs/{quote(run_id, safe='')}/{action}", {})
    return run


async def _watched(api: Api, run: Mapping[str, Any]) -> dict[str, Any]:
    """The run at its end. The log is read from its beginning, so that the bar shows what was done before as well."""
    with progress_bar() as progress:
        task = progress.add_task("Waiting for a worker", total=None, cost=run["total_cost_usd"])
        async for event in events(api, run["run_id"]):
            show(progress, task, event)
    return await ended(api, run["run_id"])
