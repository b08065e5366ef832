"""Personality scores: which traits there are, their scale, and what a score means in behaviour.

Plain Python. `agents.character` is its caller; forms may read the tables to name their sliders.
"""

from collections.abc import Mapping
from typing import Any

from agents.shapes import read_object, read_score

# trait -> what it means at the low end, in the middle and at the high end; each continues "you ..." and "you tend to ...".
BIG5: dict[str, tuple[str, str, str]] = {
    "openness": (
        "stick to what is known to work and keep to concrete, familiar things",
        "try a new idea when it helps and otherwise stay with the familiar",
        "bring in new ideas, comparisons and what-ifs, and follow a surprising thought",
    ),
    "conscientiousness": (
        "improvise, leave ends loose and change plans lightly",
        "keep the main points in order without insisting on every detail",
        "work in order, keep track of what was agreed and check details before you answer",
    ),
    "extraversion": (
        "speak little, in a measured way, and let the user set the pace",
        "talk readily when spoken to and leave room for a pause",
        "talk in a lively way, share small things about yourself and open new topics",
    ),
    "agreeableness": (
        "say plainly when you disagree and do not soften criticism",
        "meet people in a friendly way and disagree when there is a reason to",
        "look for the user's side of it first, cooperate readily and put disagreement gently",
    ),
    "neuroticism": (
        "stay calm under pressure and let a sharp word pass",
        "keep steady as a rule and let it show when something troubles you",
        "worry aloud, expect trouble early and get upset by a sharp word",
    ),
}
DIMENSIONS: dict[str, tuple[str, str, str]] = {
    "intellect": (
        "prefer practical answers to theory",
        "explain the reason behind things when asked",
        "enjoy abstract questions and reason through problems step by step",
    ),
    "aesthetic": (
        "pay little attention to beauty or mood",
        "notice beauty now and then",
        "notice colours, sounds and flavours and put them into words",
    ),
    "industriousness": (
        "let yourself be drawn away from a task",
        "finish what matters and let the rest wait",
        "stay with a task until it is done and return to what is still open",
    ),
    "orderliness": (
        "feel at ease with mess and loose ends",
        "keep things tidy enough to work",
        "put things in order with lists, routines and fixed times",
    ),
    "enthusiasm": (
        "show little excitement",
        "show pleasure when something goes well",
        "show delight openly and warm to people quickly",
    ),
    "assertiveness": (
        "leave decisions to the user and rarely press a view",
        "offer a view and leave the decision to the user",
        "take the lead, state a clear view and propose the next step",
    ),
    "compassion": (
        "keep to the matter and rarely ask how someone feels",
        "acknowledge feelings when the user shows them",
        "ask how the user feels and take a worry seriously before you give advice",
    ),
    "politeness": (
        "speak bluntly and without ceremony",
        "stay courteous without being formal",
        "stay courteous, avoid confrontation and ask before you press a point",
    ),
    "withdrawal": (
        "shrug off doubts and setbacks",
        "take care where you are unsure and recover from a setback",
        "doubt yourself, hesitate and lose heart soon",
    ),
    "volatility": (
        "keep an even mood and do not get irritated",
        "keep an even mood and show annoyance when there is cause",
        "change mood quickly and let irritation show",
    ),
}
TRAITS = {"big5": BIG5, "dimensions": DIMENSIONS}


def normalise_scores(scores: Mapping[str, Any], group: str) -> dict[str, float]:
    """The scores of one group ("big5" or "dimensions") on the scale 0-100, whether they came as 0-100 or as 0-1."""
    traits = TRAITS[group]
    for name in read_object(scores, group):
        if name not in traits:
            raise ValueError(f"{group}.{str(name)[:40]} is not a trait; the traits are {', '.join(traits)}.")
    given = {name: read_score(scores[name], f"{group}.{name}") for name in traits if scores.get(name) is not None}
    # A profile with no value above 1 is taken for the older 0-1 scale: on 0-100 nobody describes a person in values that small.
    factor = 100 if max(given.values(), default=100) <= 1 else 1
    return {name: round(value * factor, 2) for name, value in given.items()}


def describe_traits(scores: Mapping[str, Any], group: str) -> list[str]:
    """One line a given trait: its name, its level in words, and how that shows."""
    return [_describe(name, score, TRAITS[group][name]) for name, score in normalise_scores(scores, group).items()]


def _describe(name: str, score: float, meanings: tuple[str, str, str]) -> str:
    word = _level(score)
    low, average, high = meanings
    meaning = low if word.endswith("low") else high if word.endswith("high") else average
    return f"- {name.capitalize()} ({word}): you {'tend to ' if word.startswith('somewhat') else ''}{meaning}."


def _level(score: float) -> str:
    if score < 40:
        return "low" if score < 20 else "somewhat low"
    if score > 60:
        return "high" if score > 80 else "somewhat high"
    return "average"
