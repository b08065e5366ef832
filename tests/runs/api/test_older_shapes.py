"""Personas in the shape that older clients send: what they become, and where a wrong one is pointed at."""

import json
from typing import Any

import pytest

from agents.models import Agent
from runs.models import EvalRun
from tests.runs.api.client import Api, locations

OLDER: dict[str, Any] = {
    "name": "Jo",
    "background": "A nurse.",
    "personality_traits": ["curious", "dry"],
    "communication_style": "short",
}


@pytest.fixture
def simulate(agent: Agent) -> str:
    return f"/agents/{agent.id}/simulate"


def persona() -> dict[str, Any]:
    return EvalRun.objects.get().user_persona


@pytest.mark.parametrize(
    ("traits", "description"),
    [
        (["curious", "dry"], "A nurse.\nPersonality: curious, dry"),
        ("curious, dry", "A nurse.\nPersonality: curious, dry"),
        ({"patience": "low", "warmth": 0.8}, "A nurse.\nPersonality: patience: low, warmth: 0.8"),
        ([], "A nurse."),
        (None, "A nurse."),
        ("", "A nurse."),
    ],
)
def test_background_and_traits_become_the_description(owner: Api, simulate: str, traits: Any, description: str) -> None:
    assert owner.post(simulate, {"user_persona": {**OLDER, "personality_traits": traits}}).status_code == 200
    assert persona() == {"name": "Jo", "description": description, "style": "short"}


def test_a_stored_persona_may_carry_its_id_and_come_as_a_text(owner: Api, simulate: str) -> None:
    assert owner.post(simulate, {"user_persona": json.dumps({"id": "p-1", **OLDER})}).status_code == 200
    assert set(persona()) == {"name", "description", "style"}


def test_what_the_present_shape_says_wins(owner: Api, simulate: str) -> None:
    owner.post(simulate, {"user_persona": {**OLDER, "description": "A pilot.", "style": "long", "goal": "dinner"}})
    assert persona() == {"name": "Jo", "description": "A pilot.", "style": "long", "goal": "dinner"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("background", ["A nurse."]),
        ("communication_style", 3),
        ("personality_traits", 3),
        ("personality_traits", True),
        ("personality_traits", ["curious", 3]),
        ("personality_traits", {"patience": ["low"]}),
        ("shoe_size", 44),
    ],
)
def test_a_wrong_value_is_pointed_at_by_the_key_that_was_sent(owner: Api, simulate: str, key: str, value: Any) -> None:
    assert locations(owner.post(simulate, {"user_persona": {**OLDER, key: value}})) == [f"body.user_persona.{key}"]


def test_a_pasted_conversation_takes_them_as_well(owner: Api, agent: Agent, pasted: dict[str, Any]) -> None:
    assert owner.post(f"/agents/{agent.id}/evaluate", {**pasted, "user_persona": OLDER}).status_code == 202
    assert persona()["style"] == "short"
    wrong = {**pasted, "user_persona": {**OLDER, "personality_traits": 3}}
    assert locations(owner.post(f"/agents/{agent.id}/evaluate", wrong)) == ["body.user_persona.personality_traits"]
