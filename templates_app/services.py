"""Writes of templates: those that people make, and those that ship with this version. Endpoints, pages and the first start call these."""

import itertools
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from evalhub.accounts.models import Project
from evalhub.common.names import free_name
from templates_app.models import EvalCategory, EvalTemplate, EvalTemplateVersion
from templates_app.snapshot import content
from templates_app.system import SYSTEM_TEMPLATES, CategoryData, TemplateData
from templates_app.versions import NewerVersion, version_begin, version_record

KEY_LENGTH = 80
SETTABLE = frozenset(
    {"name", "description", "template_type", "judge_model", "temperature", "max_tokens", "judge_samples", "scoring_rubric"}
)
NAME_LENGTH = 200
USED_SECONDS = 60  # last_used_at is this exact: a burst of runs must not write the same row a thousand times
OVERALL = CategoryData("overall", "Overall", "Judge the conversation as a whole by the rubric.")


@transaction.atomic
def template_create(
    *,
    project: Project,
    name: str,
    description: str = "",
    template_type: str = EvalTemplate.Type.QUALITY,
    judge_model: str = "",
    temperature: float = 0.3,
    max_tokens: int = 8192,
    judge_samples: int = 1,
    scoring_rubric: str = "",
    categories: Sequence[CategoryData] = (),
    author: User | None = None,
    note: str = "",
) -> EvalTemplate:
    """A template of a project, and its first version. Without categories it judges one, the overall impression.

    Raises ValidationError, which names the field.
    """
    template = EvalTemplate(
        project=project,
        name=name,
        description=description,
        template_type=template_type,
        judge_model=judge_model,
        temperature=temperature,
        max_tokens=max_tokens,
        judge_samples=judge_samples,
        scoring_rubric=scoring_rubric,
    )
    template.clean_fields(exclude=["project"])
    wanted = _checked(categories, {})
    template.save(force_insert=True)
    EvalCategory.objects.bulk_create(
        EvalCategory(template=template, position=position, **_columns(data)) for position, data in enumerate(wanted)
    )
    version_record(template, author=author, note=note)
    return template


@transaction.atomic
def template_update(
    *,
    template_id: uuid.UUID,
    project: Project,
    categories: Sequence[CategoryData] | None = None,
    author: User | None = None,
    note: str = "",
    based_on: int | None = None,
    **columns: Any,
) -> EvalTemplate:
    """Change what is given, and keep the result as a version; `columns` are those of SETTABLE, `based_on` is the version that was edited.
    Given categories replace the old ones as a whole, none becoming the overall impression; one without a weight keeps that of its key.

    Raises EvalTemplate.DoesNotExist, PermissionDenied for a system template, NewerVersion when another version than `based_on` is there,
    and ValidationError, which names the field.
    """
    if unknown := columns.keys() - SETTABLE:
        raise TypeError(f"template_update got unknown columns: {', '.join(sorted(unknown))}")
    template = _own(template_id, project)
    newest = version_begin(template)
    if based_on is not None and based_on != newest.number:
        raise NewerVersion(newest.number)
    for column, value in columns.items():
        setattr(template, column, value)
    template.clean_fields(exclude=["project"])
    if categories is not None:
        known = dict(template.categories.values_list("key", "weight"))
        _categories_ensure(template, _checked(categories, known))
    template.save()
    version_record(template, author=author, note=note)
    return template


def template_restore(*, template_id: uuid.UUID, project: Project, number: int, author: User | None = None) -> EvalTemplate:
    """Make an earlier version the newest again, as a version of its own. Raises what `template_update` does, and
    EvalTemplateVersion.DoesNotExist.
    """
    version = EvalTemplateVersion.objects.get(template=template_id, template__project=project, number=number)
    note = f"Version {number} restored."
    return template_update(template_id=template_id, project=project, author=author, note=note, **_fields(version.snapshot))


def template_duplicate(*, template: EvalTemplate, project: Project, author: User | None = None) -> EvalTemplate:
    """A copy that the project owns and may change, under a name that none of its templates has."""
    fields, begun = _fields(content(template)), f"{template.name[: NAME_LENGTH - 10]} copy"
    numbered = (f"{begun} {number}" for number in itertools.count(2))
    fields["name"] = free_name(EvalTemplate.objects.filter(project=project), begun, itertools.chain([begun], numbered))
    return template_create(project=project, author=author, note=f"Copy of {template.name}."[:NAME_LENGTH], **fields)


def _fields(edited: Mapping[str, Any]) -> dict[str, Any]:
    """What `content` says, as the arguments of `template_create` and `template_update`."""
    return {**edited, "categories": [CategoryData(**category) for category in edited["categories"]]}


def as_content(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `template_create` as `snapshot.content` says them, each category with a key and a weight."""
    categories = [_columns(category) for category in _checked(fields["categories"], {})]
    return {**{column: fields[column] for column in SETTABLE}, "categories": categories}


def templates_used(templates: Iterable[EvalTemplate]) -> None:
    """Remember that a run took these just now."""
    at = timezone.now()
    stale = [row.pk for row in templates if row.last_used_at is None or (at - row.last_used_at).total_seconds() > USED_SECONDS]
    if stale:
        EvalTemplate.objects.filter(pk__in=stale).update(last_used_at=at)


@transaction.atomic
def template_delete(*, template_id: uuid.UUID, project: Project) -> None:
    """Remove a template; runs keep their snapshots of it. Raises EvalTemplate.DoesNotExist, and PermissionDenied for a system template."""
    _own(template_id, project).delete()


def _own(template_id: uuid.UUID, project: Project) -> EvalTemplate:
    """The template, locked, if this project may edit it."""
    template = EvalTemplate.objects.select_for_update().visible_to(project).get(pk=template_id)
    if template.is_system:
        raise PermissionDenied(f"{template.name!r} is a system template: all may use it and nobody may change it. Make one of your own.")
    return template


def _checked(categories: Sequence[CategoryData], known_weights: Mapping[str, float]) -> list[CategoryData]:
    """The categories as they are stored: each with a key and a weight, and at least the overall impression. Raises ValidationError."""
    keyed = with_keys(categories or (OVERALL,))
    weighted = [replace(item, weight=known_weights.get(item.key, 1.0)) if item.weight is None else item for item in keyed]
    if not any(item.weight for item in weighted):
        raise ValidationError({"categories": "At least one category needs a weight above 0, or there is no mean to compute."})
    return weighted


def with_keys(categories: Sequence[CategoryData]) -> list[CategoryData]:
    """The same categories, each with a key: the given one, or one made of its label that is not taken. Raises ValidationError for twins."""
    given = [category.key for category in categories if category.key]
    if twins := sorted({key for key in given if given.count(key) > 1}):
        raise ValidationError({"categories": f"The key {twins[0]!r} is used by more than one category."})
    taken, keyed = set(given), []
    for number, category in enumerate(categories, start=1):
        key = category.key or _free_key(category.label, number, taken)
        taken.add(key)
        keyed.append(replace(category, key=key))
    return keyed


def _free_key(label: str, number: int, taken: set[str]) -> str:
    base = slugify(label)[: KEY_LENGTH - 4].strip("-") or f"category-{number}"  # room for the number of a twin
    if base not in taken:
        return base
    return next(key for key in (f"{base}-{twin}" for twin in range(2, len(taken) + 3)) if key not in taken)


def _columns(data: CategoryData) -> dict[str, Any]:
    return {"key": data.key, "label": data.label, "prompt_instructions": data.prompt_instructions, "weight": data.weight}


@transaction.atomic
def system_templates_ensure() -> None:
    """Bring the system templates of the database to this version's. Writes nothing where they already are."""
    for data in SYSTEM_TEMPLATES:
        template, created = EvalTemplate.objects.get_or_create(project=None, slug=data.slug, defaults=_template_columns(data))
        changed = created or _save_changes(template, _template_columns(data))
        if _categories_ensure(template, data.categories) or changed:
            version_record(template, note="Came with EvalHub.")


def _template_columns(data: TemplateData) -> dict[str, Any]:
    return {
        "name": data.name,
        "description": data.description,
        "template_type": data.template_type,
        "scoring_rubric": data.scoring_rubric,
        "temperature": data.temperature,
        "max_tokens": data.max_tokens,
    }


def _categories_ensure(template: EvalTemplate, categories: Sequence[CategoryData]) -> bool:
    """Whether anything was not so before."""
    present = {category.key: category for category in template.categories.all()}
    changed = False
    for position, data in enumerate(categories):
        row = present.pop(data.key, None) or EvalCategory(template=template)
        changed |= _save_changes(row, {**_columns(data), "position": position})
    for row in present.values():
        row.delete()
    return changed or bool(present)


def _save_changes(row: EvalTemplate | EvalCategory, columns: dict[str, Any]) -> bool:
    changed = [name for name, value in columns.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, columns[name])
    if changed:
        row.save()
    return bool(changed)
