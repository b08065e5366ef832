"""Reads of custom evals: all of them, or one, with what is shown beside them."""

import uuid

from django.db.models import QuerySet

from evalhub.accounts.models import Project
from templates_app.models import CustomEval


def custom_eval_list(*, project: Project) -> QuerySet[CustomEval]:
    """Newest first, with category, competitor and definition. One query."""
    return CustomEval.objects.filter(project=project).select_related("category", "competitor", "definition").order_by("-created_at", "-id")


def custom_eval_get(*, project: Project, custom_eval_id: uuid.UUID) -> CustomEval:
    """Raises CustomEval.DoesNotExist."""
    return custom_eval_list(project=project).get(pk=custom_eval_id)
