"""A template as it is frozen onto a run: a later edit, or its deletion, changes nothing there."""

from collections.abc import Mapping
from typing import Any

from templates_app.models import EvalTemplate


def snapshot(template: EvalTemplate) -> dict[str, Any]:
    """{template_id, name, template_type, judge_model, temperature, max_tokens, judge_samples, scoring_rubric, categories: [{key, label,
    prompt_instructions, weight}]}
    """
    return {
        "template_id": str(template.id),
        "name": template.name,
        "template_type": template.template_type,
        "judge_model": template.judge_model,
        "temperature": template.temperature,
        "max_tokens": template.max_tokens,
        "judge_samples": template.judge_samples,
        "scoring_rubric": template.scoring_rubric,
        "categories": [
            {"key": category.key, "label": category.label, "prompt_instructions": category.prompt_instructions, "weight": category.weight}
            for category in template.categories.all()
        ],
    }


def content(template: EvalTemplate) -> dict[str, Any]:
    """All of a template that people can edit: what a version keeps, a comparison compares and a file carries."""
    frozen = snapshot(template)
    del frozen["template_id"]
    return {**frozen, "description": template.description}


def draft_snapshot(edited: Mapping[str, Any]) -> dict[str, Any]:
    """`content` that nobody saved, as a run is judged by it: of no template, and marked as a draft."""
    return {"template_id": "", "draft": True, **{key: value for key, value in edited.items() if key != "description"}}
