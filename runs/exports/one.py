"""One run as JSON, CSV or Markdown. The transcript is read a few hundred messages at a time, however long it is."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agents.llm.jsonbytes import json_bytes
from evalhub.common import spreadsheet
from runs.bodies import message_body, run_body
from runs.exports import report
from runs.exports.reading import messages
from runs.models import EvalRun

COLUMNS = ("record", "index", "session", "turn", "who", "text", "score", "weight", "spread", "simulated_at", "created_at")
KINDS = ("quality", "adaptation")


def as_json(run: EvalRun) -> Iterator[str]:
    """What the API answers for the run, a line a key and a line a message."""
    opening = "{\n"
    for key, value in run_body(run, ()).items():
        yield f"{opening}{_json(key)}: "
        if key == "transcript":
            yield from _transcript(run)
        else:
            yield _json(value)
        opening = ",\n"
    yield "\n}\n"


def _transcript(run: EvalRun) -> Iterator[str]:
    opening = "[\n"
    for message in messages(run):
        yield opening + _json(message_body(message))
        opening = ",\n"
    yield "[]" if opening == "[\n" else "\n]"


def _json(value: object) -> str:
    return json_bytes(value).decode()


def as_csv(run: EvalRun) -> Iterator[str]:
    """A row a message, then a row a score: the overall one and one a category of each judgement."""
    yield spreadsheet.BYTE_ORDER_MARK + spreadsheet.row(COLUMNS)
    for message in messages(run):
        simulated = message.simulated_at.isoformat() if message.simulated_at else None
        place = (message.index, message.session_index, message.turn_index)
        yield spreadsheet.row(
            ["message", *place, message.role, report.said(message), None, None, None, simulated, message.created_at.isoformat()]
        )
    for kind, result in zip(KINDS, (run.evaluation_result, run.adaptation_result), strict=True):
        if result:
            yield from _score_rows(kind, result)


def _score_rows(kind: str, result: Mapping[str, Any]) -> Iterator[str]:
    """An unscored category has an empty score and says why."""
    yield _score_row(kind, "overall", result.get("feedback", ""), result)
    for category in result.get("categories", ()):
        yield _score_row(kind, str(category.get("key", "")), category.get("reasoning", ""), category)


def _score_row(kind: str, who: str, text: str, scored: Mapping[str, Any]) -> str:
    said = text if scored.get("score") is not None else scored.get("unscored_reason") or text
    figures = (scored.get("score"), scored.get("weight"), scored.get("spread"))
    return spreadsheet.row([kind, None, None, None, who, str(said), *figures, None, None])


FORMS: Mapping[str, tuple[Callable[[EvalRun], Iterator[str]], str]] = {
    "json": (as_json, "application/json"),
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "md": (report.as_markdown, "text/markdown; charset=utf-8"),
}
