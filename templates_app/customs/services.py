"""Writes of custom evals, asked for by the API and the pages. Batches carry copies, so nothing here changes a result.

Rows of other projects do not exist here: `CustomEval.DoesNotExist`. What cannot be stored is a ValidationError that names the field.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from evalhub.accounts.models import Project
from evalhub.common.ids import id_or_none
from templates_app.customs.rendering import BadTemplate, rendered
from templates_app.models import Brand, CustomEval, CustomEvalCategory, EvalDefinition, SourceType
from templates_app.prompts.selectors import own_brand
from templates_app.sources.definitions import definition_assign, long_text

LONGEST_CATEGORY = 120
TEXTS = ("prompt", "prompt_template", "description")


@transaction.atomic
def custom_eval_create(*, project: Project, prompt: str, definition: Mapping[str, Any] | None = None, **columns: Any) -> CustomEval:
    """A task with its definition. Columns: prompt_template, description, category_name, competitor and group (ids as text)."""
    made = CustomEval(project=project)
    _assign(made, {"prompt": prompt, **columns})
    made.save()
    _judge(EvalDefinition(project=project, custom_eval=made, eval_type=SourceType.CUSTOM_EVALS), definition or {})
    return made


@transaction.atomic
def custom_eval_update(
    *, custom_eval_id: uuid.UUID, project: Project, definition: Mapping[str, Any] | None = None, **columns: Any
) -> CustomEval:
    """Change what is given. A template is filled in anew where it, or the competitor, changes; a prompt of its own ends the template."""
    row = CustomEval.objects.select_for_update().get(pk=custom_eval_id, project=project)
    _assign(row, columns)
    row.save()
    if definition:
        judged, _ = EvalDefinition.objects.select_for_update().get_or_create(
            project=project, custom_eval=row, defaults={"eval_type": SourceType.CUSTOM_EVALS}
        )
        _judge(judged, definition)
    return row


@transaction.atomic
def custom_eval_delete(*, custom_eval_id: uuid.UUID, project: Project) -> None:
    """Remove it. Its results stay. Variants of it become evals of their own."""
    CustomEval.objects.select_for_update().get(pk=custom_eval_id, project=project).delete()


@transaction.atomic
def custom_evals_select(*, project: Project, keys: set[uuid.UUID]) -> None:
    """Those that run where none are named. Raises ValidationError for an id that is none of the project's."""
    rows = CustomEval.objects.filter(project=project)
    known = set(rows.filter(pk__in=keys).values_list("pk", flat=True))
    if unknown := sorted(map(str, keys - known)):
        raise ValidationError({"custom_eval_ids": f"There is no such custom eval here: {', '.join(unknown)}."})
    rows.exclude(pk__in=keys).update(is_selected=False)
    rows.filter(pk__in=keys).update(is_selected=True)


def _judge(judged: EvalDefinition, columns: Mapping[str, Any]) -> None:
    """Its fields stand in `eval` of whatever was sent, and so do its mistakes."""
    try:
        definition_assign(judged, columns)
    except ValidationError as error:
        raise ValidationError({f"eval.{name}": messages for name, messages in error.message_dict.items()}) from None
    judged.save()


def _assign(row: CustomEval, columns: Mapping[str, Any]) -> None:
    for name in TEXTS:
        if name in columns:
            setattr(row, name, long_text(name, columns[name].strip()))
    if "category_name" in columns:
        row.category = _category(row.project, columns["category_name"])
    if "competitor" in columns:
        row.competitor = _competitor(row.project, columns["competitor"])
    if "group" in columns:
        row.group = _group(row, columns["group"])
    _fill_in(row, columns)
    if not row.prompt:
        raise ValidationError({"prompt": "A prompt is needed."})


def _fill_in(row: CustomEval, columns: Mapping[str, Any]) -> None:
    """The prompt is what the template comes to, for as long as there is one."""
    if "prompt" in columns and "prompt_template" not in columns:
        row.prompt_template = ""
    if not row.prompt_template or not {"prompt_template", "competitor"} & columns.keys():
        return
    try:
        row.prompt = long_text("prompt_template", rendered(row.prompt_template, _values(row)))
    except BadTemplate as error:
        raise ValidationError({"prompt_template": str(error)}) from None


def _values(row: CustomEval) -> dict[str, str]:
    own = own_brand(project=row.project)
    rival = row.competitor
    return {
        "company_name": own.name if own else row.project.name,
        "company_domain": own.domain if own else "",
        "competitor_name": rival.name if rival else "",
        "competitor_domain": rival.domain if rival else "",
    }


def _category(project: Project, name: str) -> CustomEvalCategory | None:
    """The category of that name, whatever its case, made where there is none; None for an empty name."""
    name = " ".join(name.split())
    if not name:
        return None
    if len(name) > LONGEST_CATEGORY:
        raise ValidationError({"category_name": f"Must be at most {LONGEST_CATEGORY} characters; these are {len(name)}."})
    slug = slugify(name)[:LONGEST_CATEGORY] or f"category-{uuid.uuid5(uuid.NAMESPACE_URL, name.casefold()).hex[:12]}"
    defaults = {"name": name, "position": CustomEvalCategory.objects.filter(project=project).count()}
    return CustomEvalCategory.objects.get_or_create(project=project, slug=slug, defaults=defaults)[0]


def _competitor(project: Project, named: str) -> Brand | None:
    """None for an empty id."""
    if not named:
        return None
    key = id_or_none(named)
    found = Brand.objects.filter(project=project, is_own=False, pk=key).first() if key else None
    if found is None:
        raise ValidationError({"competitor": "There is no competitor of this id here."})
    return found


def _group(row: CustomEval, named: str) -> CustomEval | None:
    """The eval that the row is a variant of; None for an empty id. Variants have none of their own."""
    if not named:
        return None
    if CustomEval.objects.filter(group=row.pk).exists():
        raise ValidationError({"prompt_competitor_group": "It has variants of its own, so it cannot be one."})
    key = id_or_none(named)
    found = CustomEval.objects.filter(project=row.project, pk=key).exclude(pk=row.pk).first() if key else None
    if found is None or found.group_id is not None:
        raise ValidationError({"prompt_competitor_group": "There is no custom eval of this id here that can have variants."})
    return found
