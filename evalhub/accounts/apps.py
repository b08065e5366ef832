"""Names the app for Django."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "evalhub.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Every way to sign in or out, the admin pages' too, tells the list of browsers."""
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        from evalhub.accounts.sessions import session_forget, session_note

        user_logged_in.connect(session_note, dispatch_uid="evalhub.accounts.session_note")
        user_logged_out.connect(session_forget, dispatch_uid="evalhub.accounts.session_forget")
