"""Names the app for Django, has its triggers made wherever its tables are, and tells what has to happen when rows are deleted.

And it tells the pages of prompts, which know nothing of targets, what platforms there are.
"""

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db.models import Model
from django.db.models.signals import post_migrate, pre_delete

if TYPE_CHECKING:
    from evalhub.accounts.models import Project


class Config(AppConfig):
    name = "runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from templates_app.prompts import platforms

        platforms.tell(_platforms)
        post_migrate.connect(_install, sender=self)
        pre_delete.connect(_lock, sender="accounts.Project")
        pre_delete.connect(_count, sender="runs.EvalRun")


def _platforms(project: "Project") -> Collection[str]:
    from runs.batches.catalogue import platform_names

    return platform_names(project)


def _install(using: str, **told: Any) -> None:
    from runs import brand_tally, listed, score_tally, tally, trial_tally  # models can be imported once the apps are ready

    for kept in (tally.KEPT, score_tally.KEPT, trial_tally.KEPT, brand_tally.KEPT):
        kept.install(using)
    listed.install(using)


def _lock(instance: Model, using: str, **told: Any) -> None:
    """Every deletion locks a run before it takes the run's rows; this one would begin with the rows, and the two wait for each other."""
    from runs.models import EvalRun

    runs = EvalRun.objects.using(using).filter(project_id=instance.pk).order_by("pk")
    list(runs.select_for_update().values_list("pk"))


def _count(instance: Model, origin: Any, using: str, **told: Any) -> None:
    """The batch of a deleted child goes on counting it. Where the whole project goes, or many go at once, somebody else sees to that."""
    from runs.batches.reopening import count_removed
    from runs.models import EvalRun

    if origin is instance and isinstance(instance, EvalRun) and instance.batch_id:
        count_removed(instance.batch_id, Counter([instance.status]))
