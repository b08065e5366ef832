"""A transcript read back from a judge's prompt: one JSON object a line, beginning with {"index":. Text around it is not looked at."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agents.llm.demo.words import sentences, stems
from agents.llm.reading import dig

QUOTE_CHARS = 100


@dataclass(frozen=True, slots=True)
class Line:
    index: int
    role: str
    session: int
    content: str


@dataclass(frozen=True)
class Transcript:
    """The lines with the views that measures need."""

    lines: tuple[Line, ...]

    @cached_property
    def replies(self) -> list[Line]:
        return [line for line in self.lines if line.role == "assistant" and line.content.strip()]

    @cached_property
    def asked(self) -> list[Line]:
        return [line for line in self.lines if line.role == "user"]

    @cached_property
    def exchanges(self) -> list[tuple[Line, Line]]:
        """Each user message with the first spoken reply to it."""
        pairs, waiting = [], None
        for line in self.lines:
            if line.role == "user":
                waiting = line
            elif line.role == "assistant" and line.content.strip() and waiting is not None:
                pairs.append((waiting, line))
                waiting = None
        return pairs

    @cached_property
    def sessions(self) -> list[int]:
        return sorted({line.session for line in self.lines})


def transcript_in(prompt: str) -> Transcript:
    """The lines that are whole; a content with line breaks is one line, since JSON escapes them."""
    found = (_line(text) for text in prompt.splitlines() if text.startswith('{"index":'))
    return Transcript(tuple(line for line in found if line is not None))


def quote_from(line: Line, near: Sequence[str] = ()) -> tuple[int, str]:
    """A verbatim piece of a message: the sentence that has most of the stems `near`, cut at a word's end."""
    parts = sentences(line.content) or [line.content]
    best = max(parts, key=lambda part: len(stems(part) & set(near)))
    if len(best) > QUOTE_CHARS:
        best = best[:QUOTE_CHARS].rsplit(" ", 1)[0]
    return line.index, best.strip()


def _line(text: str) -> Line | None:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    index, role, session, content = (dig(data, key) for key in ("index", "role", "session", "content"))
    if not isinstance(index, int) or not isinstance(role, str):
        return None
    return Line(index, role, session if isinstance(session, int) else 0, content if isinstance(content, str) else "")
