"""The demo: complete enough to be interesting, read-only, and storable as JSON."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from agents.character import merge_character
from agents.seed_data import DEFAULT_PERSONA, DEMO_CHARACTER, DEMO_PERSONA, DEMO_SESSIONS
from agents.shapes import plain
from agents.traits import BIG5, DIMENSIONS


@pytest.mark.parametrize("persona", [DEMO_PERSONA, DEFAULT_PERSONA], ids=lambda persona: str(persona["name"]))
def test_a_shipped_persona_says_who_it_is_what_it_wants_and_how_it_behaves(persona: Mapping[str, Any]) -> None:
    assert list(persona) == ["name", "description", "style", "goal", "facts", "behaviours", "patience"]
    assert all(persona.values())


def test_the_demo_script_states_facts_once_and_comes_back_to_them_after_24_and_72_hours() -> None:
    assert [session["time_gap_hours"] for session in DEMO_SESSIONS] == [0, 24, 72]
    assert [len(session["turns"]) for session in DEMO_SESSIONS] == [2, 1, 1]
    first, *later = (" ".join(turn["user_message"] for turn in session["turns"]) for session in DEMO_SESSIONS)
    assert "allergic" in first
    assert "20:15" in first
    assert not any("allergic" in text for text in later)


def test_the_demo_character_gives_every_trait() -> None:
    assert list(DEMO_CHARACTER["big5"]) == list(BIG5)
    assert list(DEMO_CHARACTER["dimensions"]) == list(DIMENSIONS)


@pytest.mark.parametrize("data", [DEMO_CHARACTER, DEMO_PERSONA, DEMO_SESSIONS, DEFAULT_PERSONA])
def test_the_demo_data_cannot_be_changed_but_its_plain_copy_is_json(data: Any) -> None:
    with pytest.raises(TypeError):
        data["name" if isinstance(data, Mapping) else 0] = "mine"
    assert json.loads(json.dumps(plain(data))) == plain(data)


def test_the_demo_character_can_be_overridden_although_it_is_read_only() -> None:
    merged = merge_character(DEMO_CHARACTER, {"behaviors": {"response_length": "one word"}})
    assert merged["behaviors"]["response_length"] == "one word"
    assert merged["behaviors"]["empathy_style"] == DEMO_CHARACTER["behaviors"]["empathy_style"]
    assert json.dumps(merged)
