"""What the demo speakers find in a prompt: labelled sections, lists, the conversation. They read the prompts EvalHub itself writes."""

import re
from collections.abc import Sequence

from agents.llm.types import ChatMessage

_NAME = re.compile(r"^You are ([^\W\d_][\w .'’-]{0,60}?)[.,\n]|^Name:\s*(\S.{0,60})$", re.MULTILINE)
_HEADING = re.compile(r"^[^\n:]{2,80}:$")
_SPOKEN = re.compile(r"^(User|Assistant|You):\s?(.*)$")


def system_text(messages: Sequence[ChatMessage]) -> str:
    return "\n\n".join(message.content for message in messages if message.role == "system")


def texts_of(messages: Sequence[ChatMessage], role: str) -> list[str]:
    return [message.content for message in messages if message.role == role]


def name_in(system: str, default: str = "") -> str:
    found = _NAME.search(system)
    return next((group.strip() for group in found.groups() if group), default) if found else default


def section(text: str, label: str) -> list[str]:
    """The lines of the section that starts with the line `label:`, without bullets, up to an empty line or the next heading."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if inside and (not line.strip() or _HEADING.match(line)):
            break
        if inside:
            lines.append(line.strip().removeprefix("- "))
        inside = inside or line.strip().lower() == f"{label.lower()}:"
    return lines


def field(text: str, label: str) -> str:
    """The rest of the line that starts with `label:`."""
    found = re.search(rf"^{re.escape(label)}:[ \t]*(\S.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def bullets_after(text: str, label: str) -> list[str]:
    """The bullets right below the line `label:`."""
    found = re.search(rf"^{re.escape(label)}:[ \t]*\n((?:- .*(?:\n|$))+)", text, re.MULTILINE)
    return [line.removeprefix("- ").strip() for line in found.group(1).splitlines()] if found else []


def spoken_by(text: str, speaker: str) -> list[str]:
    """What `speaker` says in a conversation told as `User: …` and `Assistant: …` lines; a message may go over several lines."""
    said: list[list[str]] = []
    mine = False
    for line in text.splitlines():
        start = _SPOKEN.match(line)
        if start:
            mine = start.group(1) == speaker
            said += [[start.group(2)]] if mine else []
        elif mine:
            said[-1].append(line)
    return ["\n".join(lines).strip() for lines in said]
