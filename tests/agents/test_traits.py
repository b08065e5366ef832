"""Personality scores: both scales, what is refused, and the words a model is told."""

from typing import Any

import pytest

from agents.character import compile_system_prompt, normalise_big5, normalise_dimensions
from agents.traits import BIG5, DIMENSIONS

NAMED = {"name": "Ida"}


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0, "(low): you stick"),
        (19.9, "(low): you stick"),
        (20, "(somewhat low): you tend to stick"),
        (39.9, "(somewhat low): you tend to stick"),
        (40, "(average): you try"),
        (60, "(average): you try"),
        (60.1, "(somewhat high): you tend to bring"),
        (80, "(somewhat high): you tend to bring"),
        (80.1, "(high): you bring"),
        (100, "(high): you bring"),
    ],
)
def test_a_score_is_told_as_a_level_and_how_it_shows(score: float, words: str) -> None:
    prompt = compile_system_prompt(NAMED | {"big5": {"openness": score, "extraversion": 50}})
    assert f"- Openness {words}" in prompt


@pytest.mark.parametrize("trait", [*BIG5, *DIMENSIONS])
def test_every_trait_shows_differently_at_both_ends_and_in_the_middle(trait: str) -> None:
    assert len({*(BIG5 | DIMENSIONS)[trait]}) == 3


def test_old_fractions_read_as_the_same_levels() -> None:
    fractions = {"openness": 0.9, "neuroticism": 0.1}
    percent = {"openness": 90, "neuroticism": 10}
    assert compile_system_prompt(NAMED | {"big5": fractions}) == compile_system_prompt(NAMED | {"big5": percent})


def test_fractions_become_0_to_100() -> None:
    assert normalise_big5({"openness": 0.29, "neuroticism": 1, "extraversion": 0}) == {
        "openness": 29.0,
        "extraversion": 0.0,
        "neuroticism": 100.0,
    }


def test_one_value_above_1_means_that_all_are_on_0_to_100() -> None:
    assert normalise_big5({"openness": 1, "neuroticism": 70.5}) == {"openness": 1.0, "neuroticism": 70.5}


def test_missing_traits_stay_missing() -> None:
    assert normalise_big5({}) == {}
    assert normalise_big5({"openness": None}) == {}
    assert normalise_dimensions({"intellect": 0.5}) == {"intellect": 50.0}


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ({"openness": "70"}, "big5.openness must be a number from 0 to 100 (or from 0 to 1), not a text."),
        ({"openness": True}, "big5.openness must be a number from 0 to 100 (or from 0 to 1), not true or false."),
        ({"openness": [1]}, "big5.openness must be a number from 0 to 100 (or from 0 to 1), not a list."),
        ({"openness": 101}, "big5.openness must be from 0 to 100 (or from 0 to 1), but is 101."),
        ({"openness": -0.1}, "big5.openness must be from 0 to 100 (or from 0 to 1), but is -0.1."),
        ({"openness": float("nan")}, "big5.openness must be from 0 to 100 (or from 0 to 1), but is nan."),
        ({"openness": float("inf")}, "big5.openness must be from 0 to 100 (or from 0 to 1), but is inf."),
        ({"openness": 10**400}, "big5.openness must be from 0 to 100 (or from 0 to 1), but is 10000000000000000000."),
        ({"honesty": 50}, "big5.honesty is not a trait; the traits are " + ", ".join(BIG5) + "."),
        ([50, 50], "big5 must be an object, not a list."),
        (None, "big5 must be an object, not empty."),
    ],
)
def test_a_wrong_score_is_refused_in_a_sentence_that_names_it(scores: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match="big5") as refusal:
        normalise_big5(scores)
    assert str(refusal.value) == sentence
