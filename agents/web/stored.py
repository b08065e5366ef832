"""What the form of an agent is made of, and an agent as its initial values: the names and limits of the API's keys."""

from collections.abc import Mapping
from typing import Any

from agents.api.bodies import LONG, SHORT
from agents.models import Agent
from agents.web.scores import GROUPS
from evalhub.common.rows import Column, Row

TEXTS = {"bio": "Bio", "personality_prompt": "Personality", "gender": "Gender", "language": "Language"}
LISTS = {
    "primary_traits": ("Main traits", "warm\ndry-humoured"),
    "speech_patterns": ("Way of speaking", "begins with the answer, then gives the reason"),
    "true_interests": ("Likes", "one-pot dishes"),
    "true_dislikes": ("Dislikes", "recipes with twenty ingredients"),
}
HABITS = {
    "behaviors": {
        "response_length": "Length of messages",
        "question_frequency": "How often they ask",
        "empathy_style": "How they show empathy",
        "conflict_approach": "How they deal with conflict",
    },
    "preferences": {
        "conversation_pace": "Pace",
        "formality": "Formality",
        "humor_style": "Humour",
        "emotional_expression": "Showing feelings",
    },
}
PLACE = Column("from", "", "hidden", 4)
GOAL = (Column("title", "Goal", most=SHORT), Column("description", "What that means", "text", LONG), PLACE)
MEMORY = (Column("content", "What happened", "text", LONG), PLACE)
ROWS = {"initial_goals": ("title", "description"), "seed_memories": ("content",)}
COLUMNS = ("name", "kind", "is_active", "endpoint_url", "reply_path", "timeout_seconds")


def stored_values(agent: Agent) -> dict[str, Any]:
    """The form's initial values."""
    character: Mapping[str, Any] = agent.character
    return {
        **{name: getattr(agent, name) for name in COLUMNS},
        "endpoint_model": agent.model if agent.is_endpoint else "",
        "model": "" if agent.is_endpoint else agent.model,
        **{name: character.get(name) for name in (*TEXTS, *LISTS)},
        **{f"{group}_{trait}": (character.get(group) or {}).get(trait) for group, traits in GROUPS.items() for trait in traits},
        **{f"{group}_{habit}": (character.get(group) or {}).get(habit, "") for group, habits in HABITS.items() for habit in habits},
        **{name: [_row(item, place, keys) for place, item in enumerate(character.get(name) or [])] for name, keys in ROWS.items()},
    }


def _row(item: Any, place: int, keys: tuple[str, ...]) -> Row:
    """A goal or memory as a row; one that is a bare text becomes its first column."""
    given = item if isinstance(item, Mapping) else {keys[0]: str(item)}
    return {**{key: str(given.get(key) or "") for key in keys}, "from": str(place)}


def entry(agent: Agent | None, name: str, row: Row) -> dict[str, Any]:
    """A row as it is stored: with what the form does not show of it (priority, importance), by its place in what was stored."""
    stored = (agent.character.get(name) or []) if agent else []
    place = int(row["from"]) if row.get("from", "").isdecimal() else len(stored)
    rest = stored[place] if place < len(stored) and isinstance(stored[place], dict) else {}
    return {**rest, **{key: row[key] for key in ROWS[name]}}


def unmoved(agent: Agent | None, group: str, scores: Mapping[str, float]) -> dict[str, float]:
    """The scores, where one whose slider shows a stored fraction rounded stays the fraction it was."""
    stored = (agent.character.get(group) or {}) if agent else {}
    return {trait: stored[trait] if trait in stored and round(stored[trait]) == score else score for trait, score in scores.items()}
