"""Conversations of a JSON Lines file, all checked before the first is sent: a bad line is told by its number and reason."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evalhub.cli.errors import CommandError
from evalhub.cli.files import read_text
from evalhub.common.transcripts import messages_of

ROLES = ("system", "user", "assistant", "tool")
KEPT = ("role", "content", "name", "tool_calls", "tool_call_id", "session_index")
SHOWN_ERRORS = 10


class BadLine(ValueError):
    """Why a line is no conversation."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One line of the file, counted from 1."""

    line: int
    messages: list[dict[str, Any]]


def read_conversations(path: str) -> list[Conversation]:
    """Every non-empty line of the file ("-" is standard input). Raises CommandError that names the bad lines."""
    text = sys.stdin.read() if path == "-" else read_text(path)
    found, wrong = [], []
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines(): U+2028 may stand inside a JSON text
        if not line.strip():
            continue
        try:
            found.append(Conversation(number, parse_line(line)))
        except BadLine as error:
            wrong.append(f"line {number}: {error}")
    name = "standard input" if path == "-" else path
    if wrong:
        more = f"\n(and {len(wrong) - SHOWN_ERRORS} more)" if len(wrong) > SHOWN_ERRORS else ""
        raise CommandError(f"{name} cannot be used; nothing was sent.\n" + "\n".join(wrong[:SHOWN_ERRORS]) + more)
    if not found:
        raise CommandError(f"{name} has no conversation in it.")
    return found


def parse_line(line: str) -> list[dict[str, Any]]:
    """The messages of one line. Raises BadLine."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"is no JSON ({error})") from None
    messages = messages_of(data)
    if messages is None:
        raise BadLine('must be {"messages": [...]} or a list of messages')
    checked = [_message(index, message) for index, message in enumerate(messages)]
    _check_whole(checked)
    return checked


def _message(index: int, message: Any) -> dict[str, Any]:
    where = f"messages[{index}]"
    if not isinstance(message, dict):
        raise BadLine(f"{where} must be an object")
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise BadLine(f"{where}.role is {role!r}; it must be one of {', '.join(ROLES)}")
    if content is None and not message.get("tool_calls"):
        raise BadLine(f"{where}.content is missing; only a message with tool_calls may go without")
    if content is not None and not isinstance(content, str | list):
        raise BadLine(f"{where}.content must be a text, a list of parts, or null beside tool_calls")
    kept = {key: message[key] for key in KEPT if message.get(key) is not None}
    return {**kept, "content": "" if content is None else content}


def _check_whole(messages: Iterable[dict[str, Any]]) -> None:
    roles = [message["role"] for message in messages]
    if len(roles) < 2:
        raise BadLine("has fewer than two messages")
    if "assistant" not in roles:
        raise BadLine("has no assistant message, so there is nothing to judge")
