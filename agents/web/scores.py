"""Sliders for personality scores: stated from 0 to 100, or not stated at all. `big5_radar` draws the five great ones."""

from collections.abc import Mapping
from typing import Any

from django import forms

from agents.traits import BIG5, DIMENSIONS
from evalhub.common.charts import Radar, Sample, radar

AVERAGE = 50
GROUPS = {"big5": tuple(BIG5), "dimensions": tuple(DIMENSIONS)}


class ScoreWidget(forms.Widget):
    """A slider with a box that says whether the score is stated. Not stated, it is drawn at the average."""

    template_name = "agents/_slider.html"

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        return data.get(name) if data.get(f"{name}_on") else None

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        stated = value not in (None, "")
        label = name.rpartition("_")[2].capitalize()
        return super().get_context(name, value, attrs) | {"stated": stated, "shown": value if stated else AVERAGE, "label": label}


class ScoreField(forms.FloatField):
    """None where the score is not stated."""

    def __init__(self, trait: str) -> None:
        words = dict.fromkeys(("invalid", "min_value", "max_value"), f"{trait.capitalize()}: a number from 0 to 100.")
        label = trait.capitalize()
        super().__init__(min_value=0, max_value=100, required=False, label=label, widget=ScoreWidget(), error_messages=words)

    def prepare_value(self, value: Any) -> Any:
        return round(value) if isinstance(value, float | int) else value


def unambiguous(scores: Mapping[str, float]) -> None:
    """Raises ValidationError for a profile that would be read on the older scale from 0 to 1."""
    if scores and 0 < max(scores.values()) <= 1:
        raise forms.ValidationError("With nothing above 1 the scores read as the older scale from 0 to 1. Use 0, or 2 and more.")


def big5_radar(scores: Mapping[str, float]) -> Radar:
    """The Big Five as a pentagon. static/js/agent_form.js moves its shape while a slider moves."""
    samples = [Sample(name.capitalize(), scores.get(name), note="" if name in scores else "not stated") for name in GROUPS["big5"]]
    return radar(key="big5", title="Big Five", samples=samples, head=("Trait", "Score", ""))
