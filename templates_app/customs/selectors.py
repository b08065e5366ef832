"""Reads of custom evals: all of them, or one, with what is shown beside them."""

import uuid

from django.db.models import QuerySet

from evalhub.accounts.models import Project
from templates_app.models import CustomEval

MOST_BASES = 500


def custom_eval_list(*, project: Project) -> QuerySet[CustomEval]:
    """Newest first, with category, competitor, definition and the eval it is a variant of. One query."""
    beside = ("category", "competitor", "definition", "group")
    return CustomEval.objects.filter(project=project).select_related(*beside).order_by("-created_at", "-id")


def custom_eval_bases(*, project: Project, of: CustomEval | None, now: CustomEval | None) -> list[CustomEval]:
    """What an eval can be a variant of: the newest that are none themselves, and the one it is a variant of `now`. One query."""
    rows = CustomEval.objects.filter(project=project, group=None).only("id", "prompt").order_by("-created_at", "-id")
    found = list((rows.exclude(pk=of.pk) if of else rows)[:MOST_BASES])
    return [now, *found] if now and now not in found else found


def custom_eval_variants(row: CustomEval) -> list[CustomEval]:
    """Its variants, the oldest first, with their competitors. One query."""
    return list(row.variants.select_related("competitor").order_by("created_at", "id"))


def custom_eval_get(*, project: Project, custom_eval_id: uuid.UUID) -> CustomEval:
    """Raises CustomEval.DoesNotExist."""
    return custom_eval_list(project=project).get(pk=custom_eval_id)


def custom_eval_is_there(*, project: Project, prompt: str, prompt_template: str, competitor: str, group: str) -> bool:
    """Whether there is one of this very task, or of this template filled in for the same competitor, among the variants of the
    same eval (ids as text, or ""). One query.
    """
    task = {"prompt_template": prompt_template} if prompt_template else {"prompt": prompt, "prompt_template": ""}
    place = {name: uuid.UUID(key) if key else None for name, key in (("competitor_id", competitor), ("group_id", group))}
    return CustomEval.objects.filter(project=project, **place, **task).exists()
