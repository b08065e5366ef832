"""Forms of the pages of this room. What is wrong stands beside its field, and what was typed stays."""

from django import forms

from agents.models import ModelProvider


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What all workers together may ask of a provider."""

    class Meta:
        model = ModelProvider
        fields = ["max_concurrent", "requests_per_minute"]
        labels = {"max_concurrent": "Open at once", "requests_per_minute": "Begun within 60 seconds"}
        error_messages = {name: {"min_value": "At least 1; empty for no limit."} for name in fields}
        widgets = {name: forms.NumberInput(attrs={"min": 1, "step": 1, "inputmode": "numeric"}) for name in fields}
