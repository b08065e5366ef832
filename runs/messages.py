"""A pasted transcript: OpenAI chat messages, or those of another run. One truth for `evaluate` and for the form of a new run."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from rest_framework import serializers

from evalhub.common.parsing import MOST_ERRORS, Body, Choice, Items, Path, Whole, complaints, kind_of, location, text
from runs.models import Message

Role = Message.Role
FEWEST = 2
MOST = 20_000
MOST_SESSIONS = 10_000
TEXT_PARTS = ("text", "input_text", "output_text")
TEXT_PART: Mapping[str, Any] = {
    "type": "object",
    "properties": {"type": {"enum": TEXT_PARTS}, "text": {"type": "string"}},
    "required": ["type", "text"],
}
FUNCTION_KEYS: Mapping[str, Any] = {"name": {"type": "string"}, "arguments": {"type": ["string", "object", "null"]}}
FUNCTION: Mapping[str, Any] = {"type": "object", "properties": FUNCTION_KEYS, "required": ["name"]}


class Content(serializers.Field[str, Any, Any, Any]):
    """A text, or OpenAI's list of parts: their texts joined."""

    json_schema: ClassVar[Mapping[str, Any]] = {"anyOf": [{"type": "string"}, {"type": "array", "items": TEXT_PART}]}

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str):
            return data
        if isinstance(data, list):
            return "".join(self._part(index, part) for index, part in enumerate(data))
        raise serializers.ValidationError(f"Must be a text or a list of text parts, not {kind_of(data)}.")

    def _part(self, index: int, part: Any) -> str:
        if isinstance(part, Mapping) and part.get("type") in TEXT_PARTS and isinstance(part.get("text"), str):
            return str(part["text"])
        refusal: dict[Any, Any] = {index: ['Only text can be judged: a part must be {"type": "text", "text": "…"}.']}
        raise serializers.ValidationError(refusal)


class ToolCall(serializers.Field[dict[str, Any], Any, Any, Any]):
    """{id, type, function: {name, arguments}}. What else is in it is kept: pages and judges read these four and no more."""

    json_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {"id": {"type": ["string", "null"]}, "type": {"type": ["string", "null"]}},
        "anyOf": [
            {"properties": {"function": FUNCTION}, "required": ["function"]},
            {"properties": {"function": {"type": "null"}, **FUNCTION_KEYS}, "required": ["name"]},
        ],
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(f"Must be an object, not {kind_of(data)}.", code="not_an_object")
        call = {key: value for key, value in data.items() if value is not None}
        if "function" not in call and "name" in call:  # the flat shape, which some tools export
            call["function"] = {"name": call.pop("name"), "arguments": call.pop("arguments", "")}
        problems = {key: _not_a_text(call[key]) for key in ("id", "type") if not isinstance(call.get(key, ""), str)}
        try:
            call["function"] = self._function(call.get("function"))
        except serializers.ValidationError as error:
            problems["function"] = error.detail
        if problems:
            raise serializers.ValidationError(problems)
        return call

    def _function(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(f"Must be an object with name and arguments, not {kind_of(data)}.", code="not_an_object")
        arguments = data.get("arguments")
        if isinstance(arguments, Mapping):
            arguments = json.dumps(arguments, ensure_ascii=False)
        function = {**data, "arguments": "" if arguments is None else arguments}
        problems = {key: _not_a_text(function.get(key)) for key in ("name", "arguments") if not isinstance(function.get(key), str)}
        if problems:
            raise serializers.ValidationError(problems)
        return function


def _not_a_text(value: Any) -> Any:
    return [f"Must be a text, not {kind_of(value)}."]


class MessageInput(Body):
    component = "EvaluateTranscriptMsg"
    json_schema: ClassVar[Mapping[str, Any]] = {
        "properties": {"function_call": {"anyOf": [FUNCTION, {"type": "null"}], "description": "The name that `tool_calls` had once."}},
        "anyOf": [
            {"required": ["content"], "properties": {"content": {"type": ["string", "array"]}}},
            {"required": ["tool_calls"], "properties": {"tool_calls": {"type": "array", "minItems": 1}}},
            {"required": ["function_call"], "properties": {"function_call": {"type": "object"}}},
        ],
    }
    # What OpenAI's servers and our own transcripts add to a message and a judge has no use for.
    ignored: ClassVar[frozenset[str]] = Body.ignored | {
        "annotations",
        "audio",
        "created_at",
        "id",
        "index",
        "reasoning",
        "reasoning_content",
        "refusal",
        "simulated_at",
        "turn_index",
    }

    role = Choice(Role.choices)
    content = Content(required=False)
    name = text(200)
    tool_calls = Items(child=ToolCall(), required=False, max_length=128)
    tool_call_id = text(200)
    session_index = Whole(min_value=0, max_value=MOST_SESSIONS, required=False)

    def read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        given = dict(data)
        call = given.pop("function_call", None)  # the name that tool_calls had once
        if call is not None and not given.get("tool_calls"):
            given["tool_calls"] = [{"type": "function", "function": call}]
        return given

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "content" not in attrs and not attrs.get("tool_calls"):
            raise serializers.ValidationError(
                {"content": ["Must be a text: only a message with tool_calls may leave it out."]}, code="required"
            )
        return {"content": "", **attrs}


class TranscriptProblems(ValueError):
    """What is wrong with a transcript: (number of the message from 0, None for the whole; its field; the sentence) each."""

    def __init__(self, found: list[tuple[int | None, str, str]]) -> None:
        super().__init__(found)
        self.found = found


def read_messages(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Checked messages of a whole transcript, as the API checks them. Raises TranscriptProblems."""
    try:
        return check_transcript(Items(child=MessageInput(), max_length=MOST).run_validation(list(messages)))
    except serializers.ValidationError as error:
        raise TranscriptProblems([_placed(path, said) for path, said, _ in islice(complaints(error.detail, ()), MOST_ERRORS)]) from None


def _placed(path: Path, said: str) -> tuple[int | None, str, str]:
    """`content` of message 3, whatever is wrong deeper inside of it."""
    number = path[0] if path and isinstance(path[0], int) else None
    return number, location("", path[1:]).lstrip(".") if number is not None else "", said


def check_transcript(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with a session each, in order. Raises ValidationError for a transcript with nothing to judge."""
    if len(messages) < FEWEST:
        raise serializers.ValidationError(f"A transcript needs at least {FEWEST} messages, this one has {len(messages)}.", code="too_short")
    if not any(message["role"] == Role.ASSISTANT for message in messages):
        raise serializers.ValidationError("There is nothing to judge: no message has the role assistant.", code="no_assistant")
    session = 0
    for index, message in enumerate(messages):
        if message.setdefault("session_index", session) < session:
            wrong: dict[Any, Any] = {index: {"session_index": [f"Sessions must be in order: the message before is in session {session}."]}}
            raise serializers.ValidationError(wrong, code="out_of_order")
        session = message["session_index"]
    return messages
