"""Follows a run to its end through its event stream, over cut connections and restarts of the server."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from evalhub.cli.api import Api, Refused, Unreachable
from evalhub.cli.errors import FAILED, CommandError
from evalhub.cli.sse import EventReader

PATIENCE_S = 60.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
FINAL = frozenset({"completed", "failed", "cancelled", "interrupted"})


def run_page(api: Api, run_id: str) -> str:
    """Where a person can look at the run."""
    return f"{api.url}/runs/{run_id}/"


async def events(api: Api, run_id: str) -> AsyncIterator[dict[str, Any]]:
    """Every event once, in order, until the run is final. Raises CommandError when the server stays away for a minute."""
    following, failures, last_heard = 0, 0, time.monotonic()
    while True:
        reader = EventReader()
        try:
            async with api.stream(f"/eval-runs/{run_id}/events?from={following}") as received:
                async for piece in received:
                    failures, last_heard = 0, time.monotonic()
                    for event in reader.feed(piece):
                        following = int(event["seq"]) + 1
                        yield event
        except (Unreachable, Refused) as error:
            if not error.may_pass:
                raise
        if reader.done:
            return
        if time.monotonic() - last_heard > PATIENCE_S:
            raise CommandError(f"EvalHub at {api.url} went away. The run is not lost: {run_page(api, run_id)}", FAILED)
        await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
        failures += 1


async def ended(api: Api, run_id: str) -> dict[str, Any]:
    """The whole run, once its stream has ended. A server that restarts right then is asked again."""
    for pause in PAUSES_S:
        try:
            run: dict[str, Any] = await api.get(f"/eval-runs/{run_id}")
        except Unreachable:
            await asyncio.sleep(pause)
            continue
        if run["status"] in FINAL:
            return run
        await asyncio.sleep(pause)
    raise CommandError(f"The run did not come to an end that EvalHub knows of; look at {run_page(api, run_id)}", FAILED)
