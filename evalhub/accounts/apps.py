"""Names the app for Django."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "evalhub.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
