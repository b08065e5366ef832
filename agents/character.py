"""A character's configuration -> the system prompt of the model that plays it; and a run's overrides laid over a character.

Plain Python, no Django. The run engine compiles frozen snapshots with it; forms and serializers call it to refuse a bad value early.
Every refusal is a ValueError whose message names the field.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from agents.shapes import plain, read_line, read_list, read_object, read_text
from agents.traits import TRAITS, describe_traits, normalise_scores

Character = Mapping[str, Any]

_CHOICES: dict[str, dict[str, str]] = {
    "behaviors": {
        "response_length": "Length of your messages",
        "question_frequency": "How often you ask questions",
        "empathy_style": "How you show empathy",
        "conflict_approach": "How you deal with conflict",
    },
    "preferences": {
        "conversation_pace": "Pace",
        "formality": "Formality",
        "humor_style": "Humour",
        "emotional_expression": "Showing feelings",
    },
}
_TOLD_PARTS: dict[str, tuple[str, ...]] = {"initial_goals": ("title", "description"), "seed_memories": ("content",)}


def compile_system_prompt(
    character: Character, *, memory: str = "", diary: Sequence[str] = (), simulated_at: datetime | None = None
) -> str:
    """Labelled plain-text sections, empty ones left out. Raises ValueError for a missing name or a value of the wrong kind."""
    return at_time(compile_lasting_prompt(character, memory=memory, diary=diary), simulated_at)


def compile_lasting_prompt(character: Character, *, memory: str = "", diary: Sequence[str] = ()) -> str:
    """All but the clock: what is the same for every turn of a session."""
    sections = [_opening(character), *(_section(label, read(character.get(key), key)) for label, key, read in _SECTIONS)]
    # What changes from turn to turn comes last: providers charge less for a prompt that begins as the one before did.
    sections.append(_section("Your diary, oldest entry first", _bullets(diary, "diary")))
    sections.append(_section("What you remember about this user", _memory(memory)))
    return "\n\n".join(section for section in sections if section)


def at_time(prompt: str, now: datetime | None) -> str:
    """A lasting prompt with the simulated time as its last section."""
    return f"{prompt}\n\n{_clock(now)}" if now else prompt


def merge_character(base: Character, override: Character) -> dict[str, Any]:
    """A new plain dict: `base` with the keys that `override` gives. Objects merge key by key, lists are replaced, None means not given."""
    merged: dict[str, Any] = plain(read_object(base, "character"))
    for key, value in read_object(override, "config_override").items():
        if value is not None:
            merged[key] = _merged(merged.get(key), value, key)
    return merged


def normalise_big5(scores: Mapping[str, Any]) -> dict[str, float]:
    """Big Five scores on the scale 0-100, whether they came as 0-100 or as 0-1. Traits left out, or None, stay out."""
    return normalise_scores(scores, "big5")


def normalise_dimensions(scores: Mapping[str, Any]) -> dict[str, float]:
    """The ten finer traits on the scale 0-100, by the same rule as `normalise_big5`."""
    return normalise_scores(scores, "dimensions")


def _merged(old: Any, new: Any, where: str) -> Any:
    if isinstance(old, dict):
        read_object(new, where)
    if not isinstance(new, Mapping):
        return plain(new)
    if where in TRAITS:  # on one scale before they meet: 0.9 laid over a profile of 0-100 would read as nearly nothing
        return normalise_scores(old or {}, where) | normalise_scores(new, where)
    given = {key: plain(value) for key, value in new.items() if value is not None}
    return (old if isinstance(old, dict) else {}) | given


def _opening(character: Character) -> str:
    name = read_line(read_object(character, "character").get("name"), "name")
    if not name:
        raise ValueError("The character has no name: `name` must be a text.")
    rule = "Write only your own next message to the user, without your name in front."
    return f"You are {name}. Stay in this character in every message.\n{rule}"


def _section(label: str, lines: list[str]) -> str:
    return "\n".join([f"{label}:", *lines]) if lines else ""


def _paragraph(value: Any, where: str) -> list[str]:
    text = read_text(value, where)
    return [text] if text else []


def _bullets(value: Any, where: str) -> list[str]:
    lines = (read_line(item, f"{where}[{index}]") for index, item in enumerate(read_list(value, where)))
    return [f"- {line}" for line in lines if line]


def _entries(value: Any, where: str) -> list[str]:
    """A list of objects, each told on one line; a bare text in place of an object is told as it is."""
    lines = (_entry(item, f"{where}[{index}]", _TOLD_PARTS[where]) for index, item in enumerate(read_list(value, where)))
    return [f"- {line}" for line in lines if line]


def _entry(item: Any, where: str, parts: tuple[str, ...]) -> str:
    if isinstance(item, str):
        return read_line(item, where)
    fields = read_object(item, where)
    texts = (read_line(fields.get(part), f"{where}.{part}") for part in parts)
    return ": ".join(text for text in texts if text)


def _choices(value: Any, where: str) -> list[str]:
    given = {} if value is None else read_object(value, where)
    pairs = ((label, read_line(given.get(key), f"{where}.{key}")) for key, label in _CHOICES[where].items())
    return [f"- {label}: {text}" for label, text in pairs if text]


def _traits(value: Any, where: str) -> list[str]:
    return [] if value is None else describe_traits(value, where)


def _language(value: Any, where: str) -> list[str]:
    language = read_line(value, where)
    return [f"Write in this language unless the user asks for another: {language}"] if language else []


def _memory(memory: str) -> list[str]:
    # Users' words end up in here. One bullet a line keeps them from looking like a section of this prompt.
    lines = (" ".join(line.split()).lstrip("-*• ") for line in read_text(memory, "memory").splitlines())
    return [f"- {line}" for line in lines if line]


def _clock(now: datetime) -> str:
    return f"It is now {now:%A}, {now.day} {now:%B %Y, %H:%M} (simulated)."


_SECTIONS: tuple[tuple[str, str, Callable[[Any, str], list[str]]], ...] = (
    ("About you", "bio", _paragraph),
    ("Your gender", "gender", _paragraph),
    ("How you are", "personality_prompt", _paragraph),
    ("Your main traits", "primary_traits", _bullets),
    ("Your temperament", "big5", _traits),
    ("Your temperament in detail", "dimensions", _traits),
    ("How you behave", "behaviors", _choices),
    ("How you like to talk", "preferences", _choices),
    ("Your way of speaking", "speech_patterns", _bullets),
    ("What you like", "true_interests", _bullets),
    ("What you dislike", "true_dislikes", _bullets),
    ("What you want", "initial_goals", _entries),
    ("From your own past", "seed_memories", _entries),
    ("Language", "language", _language),
)
