"""Reads of exports: in batches by key, each a short query, so that no transaction stays open while a client takes its time."""

from collections.abc import Iterator

from runs.models import EvalRun, Message
from runs.selectors import transcript

BATCH = 500


def messages(run: EvalRun) -> Iterator[Message]:
    """The transcript in order, one query for every 500 messages."""
    last = -1
    while batch := list(transcript(run=run, after_index=last)[:BATCH]):
        yield from batch
        last = batch[-1].index
        if len(batch) < BATCH:
            return
