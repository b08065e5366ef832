"""Forms of the settings pages and of the account. What is wrong stands beside its field, and what was typed stays."""

import uuid
from datetime import date, timedelta

from django import forms
from django.utils import timezone

from evalhub.accounts.models import ApiKey, Project, Role

Scope = ApiKey.Scope
SCOPES = {
    Scope.READ: "See agents, templates, runs, their transcripts, scores and event streams.",
    Scope.RUN: "Start, judge, cancel and resume runs. This spends money at the model providers.",
    Scope.WRITE: "Add, change and delete agents and templates, and delete runs.",
}
ROLES = {
    Role.OWNER: "All of that, and keys, members, providers and budgets.",
    Role.EDITOR: "Starts runs, and changes agents, templates and personas.",
    Role.VIEWER: "Reads everything but keys, and changes nothing.",
}
LONGEST_YEARS = 10


class DayField(forms.DateField):
    """A day to come, as a browser's calendar writes it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self, value: object) -> date | None:
        day: date | None = super().clean(value)
        today = timezone.now().date()
        if day and not today <= day <= today + timedelta(days=366 * LONGEST_YEARS):
            raise forms.ValidationError(f"Choose a day from today on, within {LONGEST_YEARS} years.")
        return day


class ApiKeyForm(forms.Form):
    """`key_id` becomes the id of the key, so that a form that is sent twice makes one key."""

    key_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    name = forms.CharField(max_length=80, help_text="Where it will be used, so that you know later which one to revoke.")
    scopes = forms.MultipleChoiceField(
        choices=[(str(scope), scope.capitalize()) for scope in Scope],
        initial=[str(scope) for scope in Scope],
        error_messages={"required": "Choose at least one thing that the key may do."},
    )
    expires_on = DayField(required=False, label="Last day", help_text="The key ends with this day (UTC). Empty: it holds until revoked.")

    def scope_rows(self) -> list[tuple[str, str, str, bool]]:
        """(value, label, what it allows, whether it is chosen) of each scope."""
        chosen = {str(value) for value in self["scopes"].value() or []}
        return [(str(scope), scope.capitalize(), words, str(scope) in chosen) for scope, words in SCOPES.items()]


class MemberForm(forms.Form):
    """Somebody who becomes a member."""

    class Who:
        KNOWN, NEW = "known", "new"

    who = forms.ChoiceField(choices=[(Who.KNOWN, "has an account here"), (Who.NEW, "is new here")], initial=Who.KNOWN)
    username = forms.CharField(
        label="User name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"})
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)

    def role_rows(self) -> list[tuple[str, str, str, bool]]:
        """(value, label, what it allows, whether it is chosen) of each role, the smallest first."""
        rows = [(role.value, role.label, words, role == self["role"].value()) for role, words in ROLES.items()]
        return rows[::-1]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class ProjectForm(forms.ModelForm):  # type: ignore[type-arg]
    """A project's name, which is also how the command and the address of its settings call it."""

    class Meta:
        model = Project
        fields = ["name"]
        help_texts = {"name": "Letters, digits, - and _. The command calls it by this name too."}
        error_messages = {"name": {"unique": "This name is taken by another project.", "invalid": "Only letters, digits, - and _."}}
