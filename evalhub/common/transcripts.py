"""Conversations as people have them: a JSON list of messages, JSON Lines, exports of chat tools, or plain "User: …" text. Plain Python.

Reads shapes only. Which roles and contents a message may have is said in one place for pages and API alike: runs.messages.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.common.jsontext import BadJSON, read_json

SPEAKERS = {
    "user": ("user", "human", "customer", "client", "you said"),
    "assistant": ("assistant", "agent", "bot", "chatbot", "ai", "model", "chatgpt", "chatgpt said", "claude", "gemini"),
    "system": ("system",),
    "tool": ("tool", "function"),
}
_ROLES = {name: role for role, names in SPEAKERS.items() for name in names}
_NAMES = "|".join(sorted(map(re.escape, _ROLES), key=len, reverse=True))
_MARKS = " \t*_#>"  # what Markdown puts around a speaker's name
_SPEAKS = re.compile(rf"({_NAMES})[ \t*_]*:[*_]*(.*)", re.IGNORECASE | re.DOTALL)
_NEW_SESSION = re.compile(r"-{3,}")


class Unreadable(ValueError):
    """Why a text is no conversation, and where, in one sentence."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """Messages as they were given, not yet checked. `lines` has the line on which each begins, counted from 1; 0 where it is not known."""

    messages: Sequence[Any]
    lines: Sequence[int]


def read_transcript(text: str) -> Transcript:
    """The one conversation in a text. Raises Unreadable."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise Unreadable("There is nothing in it.")
    return _read_data(text) if text.lstrip()[0] in "[{" else _read_speech(text)


def messages_of(data: Any) -> list[Any] | None:
    """The messages of one conversation in any of its JSON shapes; None when it has none of them.

    A list of messages; {"messages": […]}, with the answer in "choices" if it is there; {"transcript": […]}, as a run is exported; a
    conversation of ChatGPT's export, of which the branch that was shown last counts.
    """
    if isinstance(data, list):
        return data
    if not isinstance(data, Mapping):
        return None
    for key in ("messages", "transcript"):
        if isinstance(data.get(key), list):
            return [*data[key], *_answered(data.get("choices"))]
    return _branch(data) if isinstance(data.get("mapping"), Mapping) else None


def _answered(choices: Any) -> Iterator[Any]:
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) and "message" in choices[0]:
        yield choices[0]["message"]


def _branch(export: Mapping[str, Any]) -> list[dict[str, Any]]:
    """From the last message shown back to the first, then the other way round."""
    nodes, found, seen = export["mapping"], [], set()
    key = export.get("current_node") or next(reversed(nodes), None)
    while isinstance(key, str) and key not in seen and isinstance(nodes.get(key), Mapping):
        seen.add(key)
        found.append(nodes[key].get("message"))
        key = nodes[key].get("parent")
    return [message for node in reversed(found) if (message := _exported(node))]


def _exported(node: Any) -> dict[str, Any] | None:
    """A node's message, None for what nobody saw: empty ones, and those that are hidden."""
    if not isinstance(node, Mapping) or not isinstance(node.get("author"), Mapping) or not isinstance(node.get("content"), Mapping):
        return None
    parts = node["content"].get("parts")
    text = "\n".join(part for part in parts if isinstance(part, str)) if isinstance(parts, list) else node["content"].get("text")
    return {"role": node["author"].get("role"), "content": text} if isinstance(text, str) and text.strip() else None


def _read_data(text: str) -> Transcript:
    try:
        data = read_json(text)
    except BadJSON as whole:
        return _read_lines(text, whole)
    if isinstance(data, Mapping) and "role" in data:
        data = [data]
    conversations = [item for item in data if messages_of(item) is not None] if isinstance(data, list) else []
    if len(conversations) > 1:
        raise Unreadable(f"There are {len(conversations)} conversations in it; a run judges one. Take one of them.")
    messages = messages_of(conversations[0] if conversations else data)
    if messages is None:
        raise Unreadable('It is JSON, but no conversation: a list of messages or {"messages": […]} is expected.')
    return Transcript(messages, [0] * len(messages))


def _read_lines(text: str, whole: BadJSON) -> Transcript:
    """JSON Lines: a message a line, or one conversation in a line. Raises Unreadable; `whole` says what is wrong with it as JSON."""
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    found = []
    for number, line in numbered:
        try:
            found.append((number, read_json(line)))
        except BadJSON as error:
            raise Unreadable(str(whole) if not found else f"Line {number}: {error}") from None
    conversations = [data for _, data in found if messages_of(data) is not None]
    if conversations:
        raise Unreadable(f"There are {len(conversations)} conversations in it, one a line; a run judges one. Take one of them.")
    return Transcript([data for _, data in found], [number for number, _ in found])


def _read_speech(text: str) -> Transcript:
    """Lines such as "User: …"; what has no speaker goes on with the message before. A line of dashes begins another session."""
    messages: list[dict[str, Any]] = []
    texts: list[list[str]] = []
    lines: list[int] = []
    session = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if _NEW_SESSION.fullmatch(line.strip()):
            session += bool(messages) and messages[-1]["session_index"] == session
        elif spoken := _SPEAKS.fullmatch(line.lstrip(_MARKS)):
            messages.append({"role": _ROLES[spoken[1].lower()], "session_index": session})
            texts.append([spoken[2]])
            lines.append(number)
        elif messages:
            texts[-1].append(line)
        elif line.strip():
            raise Unreadable(f'Line {number}: it does not say who speaks. Begin each message with "User:" or "Assistant:".')
    said = ["\n".join(text).strip() for text in texts]
    return Transcript([{**message, "content": text} for message, text in zip(messages, said, strict=True)], lines)
