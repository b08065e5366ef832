"""Names the app for Django, and has its triggers made wherever its tables are."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class Config(AppConfig):
    name = "runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_install, sender=self)


def _install(using: str, **told: Any) -> None:
    from runs import tally  # models can be imported once the apps are ready

    tally.install(using)
