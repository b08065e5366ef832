"""`evalhub evaluate`: one run for each conversation of a file, through the API, and what they come to."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from evalhub.cli.api import Api, Refused, agent_path, connect
from evalhub.cli.conversations import Conversation, read_conversations
from evalhub.cli.errors import FAILED, OK
from evalhub.cli.follow import ended, events
from evalhub.cli.report import print_summary, progress_bar
from evalhub.cli.run_eval import INTERRUPTED
from evalhub.cli.summary import Outcome, Summary, summarise

ABOUT_THE_LINE = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Everything the person asked for."""

    url: str
    api_key: str
    agent: str
    template: str
    file: str
    quality_only: bool = False
    min_score: float | None = None
    concurrency: int = 8
    as_json: bool = False


def evaluate(asked: Evaluate) -> int:
    """The command's exit code. Ctrl-C stops sending; runs that were started go on."""
    conversations = read_conversations(asked.file)
    try:
        outcomes = asyncio.run(_run(asked, conversations))
    except KeyboardInterrupt:
        typer.echo(f"\nStopped sending. The runs that were started go on: {asked.url.rstrip('/')}/runs/", err=True)
        return INTERRUPTED
    summary = summarise(outcomes)
    if asked.as_json:
        both = {"summary": summary.as_json(), "runs": [outcome.as_json() for outcome in outcomes]}
        typer.echo(json.dumps(both, ensure_ascii=False, indent=2))
    else:
        print_summary(summary)
    code, sentence = verdict(summary, asked.min_score)
    if sentence:
        typer.echo(sentence, err=True)
    return code


async def _run(asked: Evaluate, conversations: Sequence[Conversation]) -> list[Outcome]:
    async with connect(asked.url, asked.api_key) as api:
        template_id = await api.template_id(asked.template)
        body = {"template_id": template_id, "quality_only": asked.quality_only}
        with progress_bar() as progress:
            bar = progress.add_task("Judging", total=len(conversations), cost=0.0)
            places = asyncio.Semaphore(asked.concurrency)
            spent = 0.0

            async def one(conversation: Conversation) -> Outcome:
                nonlocal spent
                async with places:
                    outcome = await _judge(api, asked.agent, {**body, "messages": conversation.messages}, conversation.line)
                spent += float(outcome.run["total_cost_usd"]) if outcome.run else 0.0
                progress.update(bar, advance=1, cost=spent)
                return outcome

            return await _all([one(conversation) for conversation in conversations])


async def _all(work: Sequence[Any]) -> list[Outcome]:
    """All of it, in order. What concerns every line (a wrong key, an unknown agent) ends the rest at once."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item) for item in work]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def _judge(api: Api, agent: str, body: dict[str, Any], line: int) -> Outcome:
    try:
        run_id = str((await api.post(agent_path(agent, "evaluate"), body))["run_id"])
    except Refused as refused:
        if refused.status not in ABOUT_THE_LINE or not _about_messages(refused):
            raise
        return Outcome(line, refusal=str(refused))
    async for _ in events(api, run_id):
        pass
    return Outcome(line, run=await ended(api, run_id))


def _about_messages(refused: Refused) -> bool:
    return refused.status == 413 or any("messages" in str(item.get("location", "")) for item in refused.errors)


def verdict(summary: Summary, min_score: float | None) -> tuple[int, str]:
    """The exit code of the whole file, and the sentence that says why it is not 0."""
    if summary.failed:
        return FAILED, f"{len(summary.failed)} of {summary.conversations} conversations failed."
    if min_score is None:
        return OK, ""
    if summary.score is None:
        return FAILED, f"Nothing was scored, so the threshold of {min_score:g} is not reached."
    if summary.score.value < min_score:
        return FAILED, f"The mean score {summary.score.value:.1f} is below the threshold of {min_score:g}."
    return OK, ""
