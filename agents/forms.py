"""Forms of the pages of this room, and the field that the admin pages share with them. What is wrong stands beside its field, and what was
typed stays.
"""

from typing import Any

from django import forms

from agents.models import ModelProvider

MOST = 1_000_000  # far above any server, and below what PostgreSQL's column takes: both databases refuse the same
RANGE = f"A whole number from 1 to {MOST:,}; empty for no limit."


class LimitField(forms.IntegerField):
    """How many requests a provider may be asked. Whatever is wrong, one sentence says what is right."""

    def __init__(self, **given: Any) -> None:
        words = dict.fromkeys(("invalid", "min_value", "max_value"), RANGE)
        super().__init__(**given | {"min_value": 1, "max_value": MOST, "error_messages": words})


LIMITS = {"max_concurrent": LimitField, "requests_per_minute": LimitField}


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What all workers together may ask of a provider."""

    class Meta:
        model = ModelProvider
        fields = list(LIMITS)
        field_classes = LIMITS
        labels = {"max_concurrent": "Open at once", "requests_per_minute": "Begun within 60 seconds"}
        widgets = {name: forms.NumberInput(attrs={"step": 1, "inputmode": "numeric"}) for name in LIMITS}
