"""Agents as the dialect /api/v1 shows them."""

from typing import Any

from agents.api.bodies import BEHAVIORS, PREFERENCES, Big5, Dimensions
from agents.models import Agent

CHARACTER_LISTS = ("primary_traits", "speech_patterns", "true_interests", "true_dislikes")
CHARACTER_TEXTS = ("bio", "gender", "personality_prompt")


def agent_index(agent: Agent) -> dict[str, Any]:
    """An agent in a list, with exactly the contract's keys."""
    return {
        "agent_id": str(agent.id),
        "name": agent.name,
        "project_id": str(agent.project_id),
        "tenant_id": str(agent.project_id),
        "owner_user_id": "",
        "instance_count": 0,
        "is_active": agent.is_active,
        "created_at": agent.created_at.isoformat(),
    }


def agent_detail(agent: Agent) -> dict[str, Any]:
    """One agent, with exactly the contract's keys. What the character does not say is left out."""
    character: dict[str, Any] = agent.character
    body = agent_index(agent)
    body |= {key: character[key] for key in (*CHARACTER_TEXTS, *CHARACTER_LISTS) if character.get(key) is not None}
    for key, names in (("behaviors", BEHAVIORS), ("preferences", PREFERENCES)):
        if chosen := character.get(key):
            body[key] = {name: chosen.get(name, "") for name in names}
    if scores := character.get("big5"):
        body["big5"] = {trait: _assessed(scores.get(trait)) for trait in Big5.traits}
    dimensions = character.get("dimensions") or {}
    if all(trait in dimensions for trait in Dimensions.traits):  # the contract has no way to say that one is not known
        body["dimensions"] = {trait: dimensions[trait] for trait in Dimensions.traits}
    return body


def _assessed(score: float | None) -> dict[str, float]:
    """A trait that nobody stated is average with no confidence, one that somebody did is certain."""
    return {"score": 50.0, "confidence": 0.0} if score is None else {"score": float(score), "confidence": 1.0}
