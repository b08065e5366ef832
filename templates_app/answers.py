"""What the templates' endpoints answer, for the API's document, and true examples."""

from typing import Any

from rest_framework import serializers

from evalhub.common.describing import Answer
from templates_app.models import EvalTemplate as Template


class EvalCategory(Answer):
    """One thing that a judge gives a score for."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a serializer's own `label` is never read
    prompt_instructions = serializers.CharField()


class EvalTemplate(Answer):
    """A rubric and its categories. Their weights are kept, and not told."""

    template_id = serializers.UUIDField()
    tenant_id = serializers.CharField(required=False, help_text="The project; empty for a system template.")
    name = serializers.CharField()
    description = serializers.CharField()
    template_type = serializers.ChoiceField(Template.Type.choices)
    judge_model = serializers.CharField(help_text="`provider/model`; empty for the default judge.")
    temperature = serializers.FloatField(min_value=0, max_value=2)
    max_tokens = serializers.IntegerField(min_value=1)
    scoring_rubric = serializers.CharField()
    categories = EvalCategory(many=True)
    is_system = serializers.BooleanField(help_text="Whether it came with EvalHub: such a template can be used and not changed.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ListEvalTemplatesOutputBody(Answer):
    """All templates that the project may use, newest first."""

    templates = EvalTemplate(many=True)


NEW_TEMPLATE: dict[str, Any] = {
    "name": "Support quality",
    "description": "For the agents of the help desk.",
    "template_type": "quality",
    "temperature": 0.2,
    "scoring_rubric": "Judge only what the agent said. Quote the transcript.",
    "categories": [
        {"key": "solved", "label": "Solved", "prompt_instructions": "Did the user get what they came for?", "weight": 2},
        {"key": "tone", "label": "Tone", "prompt_instructions": "Was the agent friendly and clear?"},
    ],
}
TEMPLATE: dict[str, Any] = {
    "template_id": "6f0f2c5e-0f3b-4b8e-9d5c-3d1c5f0a7b21",
    "tenant_id": "0b8f3c1e-6a52-4f0e-8a39-2f1d9c7e4b10",
    "name": "Support quality",
    "description": "For the agents of the help desk.",
    "template_type": "quality",
    "judge_model": "",
    "temperature": 0.2,
    "max_tokens": 8192,
    "scoring_rubric": "Judge only what the agent said. Quote the transcript.",
    "categories": [
        {"key": "solved", "label": "Solved", "prompt_instructions": "Did the user get what they came for?"},
        {"key": "tone", "label": "Tone", "prompt_instructions": "Was the agent friendly and clear?"},
    ],
    "is_system": False,
    "created_at": "2026-03-03T09:00:00.000000+00:00",
    "updated_at": "2026-03-03T09:00:00.000000+00:00",
}
