"""What the mock server says when nothing is wrong: text that shows what it was asked, and a valid instance of any JSON schema."""

import json
import re
from typing import Any

Json = dict[str, Any]
_SCHEMA_IN_PROMPT = re.compile(r"```json\n(.*?)\n```", re.DOTALL)


def purpose_of(system: str, schema: Json | None) -> str:
    """user, memory, judge or agent: told by the prompt, since no protocol carries it."""
    if schema is not None:
        return "judge"
    if "[[goal_met]]" in system:
        return "user"
    return "memory" if re.search(r"memory about one user|diary entry", system) else "agent"


def talk(purpose: str, messages: list[Json], *, user_turns: int = 3) -> str:
    """A deterministic message. The user is content after so many of its own."""
    own = sum(message["role"] == "assistant" for message in messages)
    heard = next((text_of(message) for message in reversed(messages) if message["role"] == "user"), "")
    about = " ".join(heard.split()[:8]) or "nothing"
    if purpose == "memory":
        return f"- The user spoke about: {about}"
    if purpose == "user":
        return "Thank you, that is all.\n[[goal_met]]" if own >= user_turns else f"Question {own + 1}: what about {about}?"
    return f"Answer {own + 1} on: {about}"


def schema_of(body: Json) -> Json | None:
    """The schema of a request in any of the forms it comes in."""
    found = _get(body, "response_format", "json_schema", "schema")
    for tool in body.get("tools") or []:
        found = found or _get(tool, "function", "parameters") or tool.get("input_schema")
    if found is None:
        last = text_of(body["messages"][-1]) if body.get("messages") else ""
        shown = _SCHEMA_IN_PROMPT.search(last)
        found = json.loads(shown.group(1)) if shown else None
    return found if isinstance(found, dict) else None


def instance_of(schema: Json, prompt: str) -> Any:
    """A value that fits the schema. Evidence quotes a line of the transcript in the prompt, so that it can be found there."""
    return _fill(schema, "", _transcript(prompt))


def text_of(message: Json) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content)
    return content or ""


def _fill(schema: Json, name: str, lines: list[Json]) -> Any:
    for key in ("const", "enum"):
        if key in schema:
            return schema[key] if key == "const" else schema[key][0]
    if "anyOf" in schema:
        return _fill(schema["anyOf"][0], name, lines)
    kind = schema.get("type", "object")
    if kind == "object":
        return _evidence(lines) if {"message_index", "quote"} <= set(schema.get("properties", {})) else _object(schema, lines)
    if kind == "array":
        return [_fill(schema.get("items", {"type": "string"}), name, lines) for _ in range(max(1, schema.get("minItems", 1)))]
    return {"integer": 70, "number": 0.7, "boolean": True, "null": None}.get(kind, f"Mock text for {name}"[: schema.get("maxLength", 200)])


def _object(schema: Json, lines: list[Json]) -> Json:
    return {key: _fill(child, key, lines) for key, child in schema.get("properties", {}).items()}


def _evidence(lines: list[Json]) -> Json:
    spoken = next((line for line in lines if line.get("role") == "assistant" and line.get("content")), None)
    if spoken is None:
        return {"message_index": 0, "quote": "nothing to quote"}
    return {"message_index": spoken["index"], "quote": spoken["content"][:60]}


def _transcript(prompt: str) -> list[Json]:
    return [json.loads(line) for line in prompt.splitlines() if line.startswith('{"index":')]


def _get(data: Any, *path: str) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data
