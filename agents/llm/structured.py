"""An answer in a schema from any server: the strongest form it takes, one repair, then `InvalidAnswer`.

Called by `client.py`. What a server refuses is remembered in `Forms`, one for each connected model.
"""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.llm.errors import InvalidAnswer
from agents.llm.quoting import storable_data
from agents.llm.schema import shape_of
from agents.llm.types import ChatMessage
from agents.llm.wire import Form, Refused, Shape, WireReply, WireRequest
from evalhub.common.extract import json_objects

Ask = Callable[[WireRequest], Awaitable[WireReply]]

MAX_SHOWN_ERRORS = 12
MAX_SHOWN_ANSWER = 6_000
# What a 400 or 422 says when it is about the form and not about the request's content.
REFUSED_FORM = {
    Form.JSON_SCHEMA: re.compile(r"response_?format|json_?\s?schema|structured|output_config|grammar|\bschema\b", re.IGNORECASE),
    Form.TOOL_CALL: re.compile(r"\btools?\b|tool_choice|function", re.IGNORECASE),
}


class Forms:
    """The forms that still work on one server, strongest first. TEXT always does."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self._usable = [*dict.fromkeys([*forms, Form.TEXT])]

    @property
    def best(self) -> Form:
        return self._usable[0]

    def drop(self, form: Form) -> None:
        if form in self._usable and form is not Form.TEXT:
            self._usable.remove(form)


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer held against the schema. `problem` is empty when `parsed` is set."""

    parsed: BaseModel | None = None
    data: Any = None
    problem: str = ""


async def answer_in_schema(ask: Ask, request: WireRequest, schema: type[BaseModel], forms: Forms) -> tuple[WireReply, BaseModel]:
    """The reply and its parsed value, or `InvalidAnswer` when the repair did not help either."""
    reply, form = await _ask_in_best_form(ask, request, shape_of(schema), forms)
    reading = read(reply, schema)
    if reading.parsed is None:
        # A server that ignores `response_format` without a word is met halfway: the repair shows the schema in words.
        again = form if reading.data is not None else Form.TEXT
        first = reading
        reply = await ask(_in_form(repair_request(request, reply, reading), shape_of(schema), again))
        reading = read(reply, schema)
        if reading.data is None:
            reading = replace(reading, data=first.data)
    if reading.parsed is None:
        raise InvalidAnswer(
            f"The answer does not fit the schema, also after one repair: {reading.problem}", data=reading.data, text=reply.text
        )
    return reply, reading.parsed


def read(reply: WireReply, schema: type[BaseModel]) -> Reading:
    """The first object in the answer that fits; when none does, the one that comes nearest, with what is wrong."""
    best: tuple[int, Reading] | None = None
    escaped = "\\u" in reply.text  # the text is clean already: only what it spells out can be what no database takes
    for data in json_objects(reply.text):
        clean = storable_data(data) if escaped else data
        try:
            return Reading(parsed=schema.model_validate(clean), data=clean)
        except ValidationError as error:
            if best is None or error.error_count() < best[0]:
                best = (error.error_count(), Reading(data=clean, problem=_told(error)))
    reading = best[1] if best else Reading(problem="it has no JSON object in it.")
    return replace(reading, problem=_cut_note(reply) + reading.problem)


def repair_request(request: WireRequest, reply: WireReply, reading: Reading) -> WireRequest:
    """The conversation, the model's own answer, and what is wrong with it."""
    shorter = " Be briefer this time." if reply.finish_reason == "length" else ""
    complaint = (
        f"Your answer cannot be used: {reading.problem}\nAnswer again, with the whole corrected JSON object and nothing else.{shorter}"
    )
    answer = ChatMessage("assistant", reply.text[:MAX_SHOWN_ANSWER] or "(empty)")
    return replace(request, messages=(*request.messages, answer, ChatMessage("user", complaint)))


async def _ask_in_best_form(ask: Ask, request: WireRequest, shape: Shape, forms: Forms) -> tuple[WireReply, Form]:
    while True:
        form = forms.best
        try:
            return await ask(_in_form(request, shape, form)), form
        except Refused as refusal:
            if not _is_about(refusal, form):
                raise
            forms.drop(form)


def _is_about(refusal: Refused, form: Form) -> bool:
    pattern = REFUSED_FORM.get(form)
    return refusal.status in (400, 404, 415, 422) and pattern is not None and bool(pattern.search(refusal.said))


def _in_form(request: WireRequest, shape: Shape, form: Form) -> WireRequest:
    if form is not Form.TEXT:
        return replace(request, form=form, shape=shape)
    return replace(request, form=form, shape=shape, messages=(*request.messages, ChatMessage("user", _in_words(shape))))


def _in_words(shape: Shape) -> str:
    schema = json.dumps(shape.json_schema, ensure_ascii=False)
    return f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n```json\n{schema}\n```"


def _told(error: ValidationError) -> str:
    lines = [
        f"- {'.'.join(map(str, item['loc'])) or 'answer'}: {item['msg']}" for item in error.errors(include_url=False, include_input=False)
    ]
    more = [f"- and {len(lines) - MAX_SHOWN_ERRORS} more"] if len(lines) > MAX_SHOWN_ERRORS else []
    return "\n".join(["it does not fit the schema.", *lines[:MAX_SHOWN_ERRORS], *more])


def _cut_note(reply: WireReply) -> str:
    return "it was cut at max_tokens before it was complete; " if reply.finish_reason == "length" else ""
