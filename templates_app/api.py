"""The evaluation templates of the dialect /api/v1: list and create. `template_or_problem` serves the run endpoints too."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.text import slugify
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.accounts.models import Project
from evalhub.common.parsing import Body, Choice, Number, Whole, text
from evalhub.common.problems import invalid, not_found
from templates_app.models import EvalTemplate
from templates_app.selectors import template_find, template_list
from templates_app.services import KEY_LENGTH, template_create
from templates_app.system import CategoryData

Type = EvalTemplate.Type
MOST_CATEGORIES = 50
LONG, SHORT = 100_000, 200


def template_or_problem(project: Project, key: str, id_or_name: str, template_type: str) -> EvalTemplate:
    """The template that a body's `key` names. Raises a Problem: 404 when it is not there, 422 when it is of the other type."""
    location = f"body.{key}"
    template = template_find(project, id_or_name)
    if template is None:
        raise not_found(location, "evaluation template", id_or_name)
    if template.template_type != template_type:
        message = f"{template.name!r} is of type {template.template_type}; {key} takes one of type {template_type}."
        raise invalid(location, message, value=id_or_name, code="wrong_type")
    return template


class CategoryInput(Body):
    """{key, label, prompt_instructions}; the older {name, weight, criteria}; or just the name as a text."""

    key = text(KEY_LENGTH, default="")
    label = serializers.CharField(max_length=SHORT)  # type: ignore[assignment]  # a serializer's own `label` is never read
    prompt_instructions = text(20_000, default="")
    weight = Number(min_value=0, max_value=1_000_000, default=1.0)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return super().to_internal_value({"label": data} if isinstance(data, str) else data)

    def read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        given = dict(data)
        for older, newer in (("name", "label"), ("criteria", "prompt_instructions")):
            if older in given:
                value = given.pop(older)
                given[newer] = given.get(newer) or value
        if not given.get("label") and given.get("key"):
            given["label"] = given["key"]
        if isinstance(given.get("prompt_instructions"), list):
            given["prompt_instructions"] = "\n".join(str(line) for line in given["prompt_instructions"])
        return given

    def validate_key(self, key: str) -> str:
        """A key is the name of a field in the judge's answer. One with other characters becomes such a name."""
        return key if not key or _is_slug(key) else slugify(key)


def _is_slug(key: str) -> bool:
    try:
        validate_slug(key)
    except ValidationError:
        return False
    return True


class TemplateInput(Body):
    name = serializers.CharField(max_length=SHORT)
    description = text(LONG)
    template_type = Choice(Type.choices, required=False, allow_blank=True)
    judge_model = text(SHORT)
    temperature = Number(min_value=0, max_value=2, required=False)
    max_tokens = Whole(min_value=1, max_value=1_000_000, required=False)
    scoring_rubric = text(LONG)
    categories = serializers.ListField(child=CategoryInput(), required=False, max_length=MOST_CATEGORIES)

    def validate_template_type(self, value: str) -> str:
        return value or Type.QUALITY

    def validate_categories(self, items: list[dict[str, Any]]) -> list[CategoryData]:
        keys = [item["key"] for item in items]
        twins: dict[Any, Any] = {
            index: {"key": [f"The key {key!r} is used by a category before this one."]}
            for index, key in enumerate(keys)
            if key and key in keys[:index]
        }
        if twins:
            raise serializers.ValidationError(twins, code="twice")
        return [CategoryData(**item) for item in items]


class TemplateListQuery(Body):
    type = Choice(Type.choices, default="", allow_blank=True)


class Templates(Endpoint):
    """GET and POST /eval-templates."""

    scopes = {"GET": Scope.READ, "POST": Scope.WRITE}

    def get(self, request: Request) -> Response:
        templates = template_list(project=self.project, template_type=self.query(TemplateListQuery)["type"])
        return Response({"templates": [template_body(template) for template in templates]})

    def post(self, request: Request) -> Response:
        template = template_create(project=self.project, **self.body(TemplateInput))
        return Response(template_body(template))


def template_body(template: EvalTemplate) -> dict[str, Any]:
    """A template with exactly the contract's keys; weights are not among them."""
    return {
        "template_id": str(template.id),
        "tenant_id": str(template.project_id or ""),
        "name": template.name,
        "description": template.description,
        "template_type": template.template_type,
        "judge_model": template.judge_model,
        "temperature": template.temperature,
        "max_tokens": template.max_tokens,
        "scoring_rubric": template.scoring_rubric,
        "categories": [
            {"key": category.key, "label": category.label, "prompt_instructions": category.prompt_instructions}
            for category in template.categories.all()
        ],
        "is_system": template.is_system,
        "created_at": template.created_at.isoformat(),
        "updated_at": template.updated_at.isoformat(),
    }
