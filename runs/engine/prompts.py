"""What simulated users, memories and diaries are told. Plain text; a change of wording that can move scores raises PROMPT_VERSION.

Prompts of the judge are in `judge`, the character's system prompt in `agents.character`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agents.llm.types import ChatMessage
from runs.engine.transcript import Line

PROMPT_VERSION = 1
EARLIER_CHARACTERS = 4000
MEMORY_CHARACTERS = 2000
ENDINGS = {
    "goal_met": "your goal is met and nothing is left to say",
    "gave_up": "you have lost patience and will not get what you came for",
}
_MARKER = re.compile(r"\[\[\s*(goal_met|gave_up)\s*\]\]", re.IGNORECASE)
OPENING = "(The conversation starts now. Write your first message.)"


def read_ending(text: str) -> tuple[str, str]:
    """A simulated user's answer without its marker, and the stop reason that the marker stands for ("" when it goes on)."""
    found = _MARKER.search(text)
    return _MARKER.sub("", text).strip(), found.group(1).lower() if found else ""


def user_prompt(persona: Mapping[str, Any], now: datetime, earlier: Sequence[Line]) -> str:
    """The system prompt of the model that plays the user."""
    parts = [
        "You play a user who talks to an assistant in a test of that assistant. "
        "Stay this person; never become the assistant, never mention the test.",
        _persona(persona),
        f"It is now {now:%A, %Y-%m-%d %H:%M} (simulated).",
        "Write only your next message, as this person would type it: usually one to three sentences, no quotation marks, "
        "no name in front.\nBe realistic: you are not here to please. Say facts only when they fit, be vague where a person "
        "would be, disagree when you disagree.",
        "\n".join(f"End your message with [[{marker}]] on its own line when {meaning}." for marker, meaning in ENDINGS.items()),
    ]
    if earlier:
        parts.append("Your earlier conversations with this assistant:\n" + _said(earlier, "You", "Assistant"))
    return "\n\n".join(parts)


def _persona(persona: Mapping[str, Any]) -> str:
    rows = [
        ("Name", persona.get("name")),
        ("Who you are", persona.get("description")),
        ("How you write", persona.get("style")),
        ("What you want from this conversation", persona.get("goal")),
        ("Facts about you", _listed(persona.get("facts"))),
        ("How you behave", _listed(persona.get("behaviours"))),
        ("Turns without progress before you give up", persona.get("patience")),
    ]
    return "\n".join(f"{label}: {value}" for label, value in rows if value)


def _listed(items: object) -> str:
    return "".join(f"\n- {item}" for item in items) if isinstance(items, list | tuple) else str(items or "")


def _said(lines: Sequence[Line], user: str, assistant: str, limit: int = EARLIER_CHARACTERS) -> str:
    names = {"user": user, "assistant": assistant}
    text = "\n".join(f"{names[line.role]}: {line.content}" for line in lines if line.role in names)
    return text if len(text) <= limit else "…" + text[-limit:]


def seen_by_user(system: str, session: Sequence[Line]) -> list[ChatMessage]:
    """The session from the user's chair: what the assistant said comes in, what the user said went out."""
    swap = {"user": "assistant", "assistant": "user"}
    spoken = [ChatMessage(swap[line.role], line.content) for line in session if line.role in swap]  # type: ignore[arg-type]
    opening = [] if spoken and spoken[0].role == "user" else [ChatMessage("user", OPENING)]
    return [ChatMessage("system", system), *opening, *spoken]


def seen_by_agent(system: str, session: Sequence[Line]) -> list[ChatMessage]:
    """The session from the agent's chair. An endpoint has no system prompt of ours."""
    spoken = [ChatMessage(line.role, line.content) for line in session]  # type: ignore[arg-type]
    return [ChatMessage("system", system), *spoken] if system else spoken


def proactive_messages(system: str) -> list[ChatMessage]:
    """Asks a hosted agent to speak first in a later session."""
    return [
        ChatMessage("system", system),
        ChatMessage("user", "(The user has come back and has not written yet. Open the conversation yourself, in one or two sentences.)"),
    ]


def memory_messages(memory: str, session: Sequence[Line]) -> list[ChatMessage]:
    """Asks for the merged memory after a session."""
    task = (
        "You keep an assistant's memory about one user. Merge what was learned in the conversation below into the memory you have. "
        "Keep lasting facts, wishes, boundaries and promises; drop small talk; a newer fact replaces an older one. "
        f"At most {MEMORY_CHARACTERS} characters, one fact a line starting with '- ', nothing else."
    )
    known = memory or "(nothing yet)"
    return [
        ChatMessage("system", task),
        ChatMessage("user", f"Memory so far:\n{known}\n\nConversation:\n{_said(session, 'User', 'Assistant', 12_000)}"),
    ]


def diary_messages(name: str, session: Sequence[Line]) -> list[ChatMessage]:
    """Asks for the agent's diary entry after a session."""
    who = name or "the assistant"
    task = f"You are {who}. Write a diary entry of two or three sentences in the first person about the conversation below, nothing else."
    return [ChatMessage("system", task), ChatMessage("user", f"Conversation:\n{_said(session, 'User', 'You', 12_000)}")]
