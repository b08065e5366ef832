"""The evaluation templates of the dialect /api/v1: list, create, and one of them. `template_or_problem` serves the run endpoints too."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.text import slugify
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.accounts.models import Project
from evalhub.common.describing import Example, Operation, Success
from evalhub.common.parsing import MOST_ERRORS, NOT_BLANK, Body, Choice, Items, Number, Text, Whole, kind_of, text
from evalhub.common.problems import invalid, not_found
from templates_app import answers
from templates_app.models import EvalTemplate
from templates_app.selectors import template_find, template_list
from templates_app.services import KEY_LENGTH, template_create, template_delete, template_update
from templates_app.system import CategoryData

Type = EvalTemplate.Type
MOST_CATEGORIES = 50
TAG = "eval templates"
BY_API = "Through the API."
NAMED = {"templateId": "Support quality"}
LONG, SHORT, INSTRUCTIONS = 100_000, 200, 20_000
INSTRUCTION_KEYS = frozenset({"prompt_instructions", "criteria"})


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

    component = "EvalCategoryInput"
    json_alternatives: ClassVar[Sequence[Mapping[str, Any]]] = [
        {"type": "string", "minLength": 1, "maxLength": SHORT, "pattern": NOT_BLANK}
    ]
    json_schema: ClassVar[Mapping[str, Any]] = {
        "properties": {
            "prompt_instructions": {"type": ["string", "array", "null"], "items": {"type": "string"}},
            "name": {"type": ["string", "null"], "maxLength": SHORT, "description": "An older word for `label`."},
            "criteria": {
                "type": ["string", "array", "null"],
                "items": {"type": "string"},
                "maxLength": INSTRUCTIONS,
                "description": "An older word for `prompt_instructions`.",
            },
        },
        "required": [],
        "anyOf": [{"required": [key], "properties": {key: {"type": "string", "pattern": NOT_BLANK}}} for key in ("label", "name", "key")],
    }

    key = text(KEY_LENGTH, default="")
    label = Text(max_length=SHORT)  # type: ignore[assignment]  # a serializer's own `label` is never read
    prompt_instructions = text(INSTRUCTIONS, default="")
    weight = Number(min_value=0, max_value=1_000_000, required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return super().to_internal_value({"label": data} if isinstance(data, str) else data)

    def read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        given = {key: _lines(key, value) if key in INSTRUCTION_KEYS else value for key, value in data.items()}
        for older, newer in (("name", "label"), ("criteria", "prompt_instructions")):
            if older in given:
                value = given.pop(older)
                given[newer] = value if given.get(newer) in (None, "") else given[newer]
        if not given.get("label") and given.get("key"):
            given["label"] = given["key"]
        return given

    def validate_key(self, key: str) -> str:
        """A key is the name of a field in the judge's answer. One with other characters becomes such a name."""
        return key if not key or _is_slug(key) else slugify(key)[:KEY_LENGTH].rstrip("-")  # one character may become four


def _lines(key: str, value: Any) -> Any:
    """A list of texts as the lines of one; anything else as it is. Raises ValidationError that points at what is no text."""
    if not isinstance(value, list):
        return value
    wrong = ((index, line) for index, line in enumerate(value) if not isinstance(line, str))
    complaints: dict[Any, Any] = {index: [f"Must be a text, not {kind_of(line)}."] for index, line in islice(wrong, MOST_ERRORS + 1)}
    if complaints:
        raise serializers.ValidationError({key: complaints}, code="not_a_text")
    return "\n".join(value)


def _is_slug(key: str) -> bool:
    try:
        validate_slug(key)
    except ValidationError:
        return False
    return True


class TemplateFields(Body):
    """What creating and changing share. An empty template_type says nothing."""

    description = text(LONG)
    template_type = Choice(Type.choices, required=False, allow_blank=True)
    judge_model = text(SHORT)
    temperature = Number(min_value=0, max_value=2, required=False)
    max_tokens = Whole(min_value=1, max_value=1_000_000, required=False)
    scoring_rubric = text(LONG)
    categories = Items(child=CategoryInput(), required=False, max_length=MOST_CATEGORIES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in attrs.items() if key != "template_type" or value}

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


class TemplateInput(TemplateFields):
    component = "CreateEvalTemplateInputBody"

    name = Text(max_length=SHORT)


class TemplateChanges(TemplateFields):
    component = "UpdateEvalTemplateInputBody"

    name = Text(max_length=SHORT, required=False)


class TemplateListQuery(Body):
    type = Choice(Type.choices, default="", allow_blank=True, help_text="Only templates of this type.")


class DeleteEvalTemplateOutputBody(Success):
    """The template is gone; runs that were judged by it keep what it was."""


class Templates(Endpoint):
    """GET and POST /eval-templates."""

    scopes = {"GET": Scope.READ, "POST": Scope.WRITE}
    operations = {
        "GET": Operation(
            id="listEvalTemplates",
            tag=TAG,
            summary="List the templates that the project may use, newest first.",
            query=TemplateListQuery,
            answer=answers.ListEvalTemplatesOutputBody,
            example=Example(answer={"templates": [answers.TEMPLATE]}),
        ),
        "POST": Operation(
            id="createEvalTemplate",
            tag=TAG,
            summary="Make a template.",
            body=TemplateInput,
            answer=answers.EvalTemplate,
            example=Example(body=answers.NEW_TEMPLATE, answer=answers.TEMPLATE),
        ),
    }

    def get(self, request: Request) -> Response:
        templates = template_list(project=self.project, template_type=self.query(TemplateListQuery)["type"])
        return Response({"templates": [template_body(template) for template in templates]})

    def post(self, request: Request) -> Response:
        template = template_create(project=self.project, note=BY_API, **self.given)
        return Response(template_body(template))


class TemplateDetail(Endpoint):
    """GET, PUT and DELETE /eval-templates/{template}, a UUID or a name. PUT changes what is given."""

    scopes = {"GET": Scope.READ, "PUT": Scope.WRITE, "DELETE": Scope.WRITE}
    operations = {
        "GET": Operation(
            id="getEvalTemplate",
            tag=TAG,
            summary="One template.",
            answer=answers.EvalTemplate,
            example=Example(path=NAMED, answer=answers.TEMPLATE),
        ),
        "PUT": Operation(
            id="updateEvalTemplate",
            tag=TAG,
            summary="Change what is given of a template; categories are replaced as a whole.",
            body=TemplateChanges,
            answer=answers.EvalTemplate,
            example=Example(path=NAMED, body={"description": answers.TEMPLATE["description"]}, answer=answers.TEMPLATE),
        ),
        "DELETE": Operation(
            id="deleteEvalTemplate",
            tag=TAG,
            summary="Delete a template.",
            answer=DeleteEvalTemplateOutputBody,
            example=Example(path=NAMED, answer={"success": True}),
        ),
    }

    def get(self, request: Request, template: str) -> Response:
        return Response(template_body(template_or_404(self.project, template)))

    def put(self, request: Request, template: str) -> Response:
        found = template_or_404(self.project, template)
        with _still_there(template):
            return Response(template_body(template_update(template_id=found.id, project=self.project, note=BY_API, **self.given)))

    def delete(self, request: Request, template: str) -> Response:
        found = template_or_404(self.project, template)
        with _still_there(template):
            template_delete(template_id=found.id, project=self.project)
        return Response({"success": True})


def template_or_404(project: Project, id_or_name: str) -> EvalTemplate:
    """The template that a path names. Raises a 404 Problem."""
    template = template_find(project, id_or_name)
    if template is None:
        raise not_found("path.template_id", "evaluation template", id_or_name)
    return template


@contextmanager
def _still_there(id_or_name: str) -> Iterator[None]:
    """The 404 of a template that somebody deleted since it was found."""
    try:
        yield
    except EvalTemplate.DoesNotExist:
        raise not_found("path.template_id", "evaluation template", id_or_name) from None


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
