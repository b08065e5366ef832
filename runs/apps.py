"""Names the app for Django."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "runs"
    default_auto_field = "django.db.models.BigAutoField"
