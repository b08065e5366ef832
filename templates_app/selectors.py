"""Reads of templates: which ones a project may use, which one a name means. Categories come along, at two queries whatever the number."""

from collections.abc import Iterable

from django.db.models import Count, F, Q

from evalhub.accounts.models import Project
from evalhub.common.ids import id_or_none
from evalhub.common.names import told_apart
from templates_app.models import EvalTemplate, VisibleQuerySet

Type = EvalTemplate.Type


def template_list(*, project: Project, template_type: str = "") -> VisibleQuerySet:
    """The project's own, newest first, then the system's."""
    templates = EvalTemplate.objects.visible_to(project)
    if template_type:
        templates = templates.filter(template_type=template_type)
    return templates.order_by(F("project").desc(nulls_last=True), "-created_at", "-id").prefetch_related("categories")


def template_choices(templates: Iterable[EvalTemplate], template_type: str) -> list[tuple[str, str]]:
    """Ids and labels of those of one type, in their order: the system's say so, and twins carry the beginning of their ids. No query."""
    named = {
        str(each.pk): f"{each.name} (system)" if each.is_system else each.name for each in templates if each.template_type == template_type
    }
    return list(told_apart(named).items())


def template_find(project: Project, id_or_name: str) -> EvalTemplate | None:
    """The template with this id, else the newest of this name, own before system; None also for another project's."""
    usable = template_list(project=project)
    key = id_or_none(id_or_name)
    if key is None:
        # A path may say %00, which PostgreSQL refuses with an error of its own.
        return None if "\x00" in id_or_name else usable.filter(name=id_or_name).first()
    return usable.filter(id=key).first() or usable.filter(name=id_or_name).first()


def default_adaptation_template(project: Project) -> EvalTemplate | None:
    """What a run is judged by when it names no adaptation template: the project's first one, else the system's."""
    found = template_list(project=project, template_type=Type.ADAPTATION)
    return found.order_by(F("project").desc(nulls_last=True), "created_at", "id").first()


def template_table(*, project: Project, template_type: str = "", owner: str = "", search: str = "") -> VisibleQuerySet:
    """Rows of the list, newest first: `category_count` in each. `owner` is system or own; `search` is part of a name or description."""
    templates = EvalTemplate.objects.visible_to(project).annotate(category_count=Count("categories")).order_by("-created_at", "-id")
    if template_type:
        templates = templates.filter(template_type=template_type)
    if owner:
        templates = templates.filter(project=None) if owner == "system" else templates.filter(project=project)
    return templates.filter(Q(name__icontains=search) | Q(description__icontains=search)) if search else templates
