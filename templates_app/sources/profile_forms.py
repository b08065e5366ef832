"""The form of an environment. Values that were typed are never drawn again: after a mistake elsewhere in the form, or where a row is added
without a script, they go along sealed."""

from collections.abc import Mapping
from typing import Any

from django import forms

from evalhub.common.forms import Refusable
from evalhub.common.rows import Column, LinesField, Row, RowsField, RowsWidget, UnjudgedForm
from evalhub.common.secrets import seal, unseal
from templates_app.models import ApiSource, EnvProfile
from templates_app.sources import profiles
from templates_app.sources.checks import LONGEST_ADDRESS

COLUMNS = (
    Column("name", "Name", most=100),
    Column("value", "Value", "secret", most=profiles.LONGEST_VALUE),
    Column("sealed", "", "hidden"),  # a value that was typed before and is not saved yet
)

STORED = "Stored: type to replace it"
UNSAVED = "Typed, not saved yet"


class VariablesWidget(RowsWidget):
    """Rows of a name and an empty box for its value. `whose` is the person who types, in this project."""

    stored: frozenset[str] = frozenset()
    whose = ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Row]:
        rows = super().value_from_datadict(data, files, name)
        return [row | {"value": row["value"] or unseal(row["sealed"], self.whose)} for row in rows]

    def _drawn(self, name: str, number: int, row: Mapping[str, str]) -> dict[str, Any]:
        sealed = seal(row.get("value", ""), self.whose)
        drawn = super()._drawn(name, number, {**row, "value": "", "sealed": sealed})
        is_stored = row.get("name", "") in self.stored
        drawn["inputs"][1]["placeholder"] = UNSAVED if sealed else STORED if is_stored else "Value"
        return drawn


class VariablesField(RowsField):
    """{name: value}; None for a value that was left empty where one is stored."""

    def __init__(self, **given: Any) -> None:
        super().__init__(COLUMNS, noun="Variable", most=profiles.MOST_VARIABLES, **given)
        self.widget = VariablesWidget(COLUMNS, "Variable")

    def clean(self, value: list[Row]) -> Any:
        if lost := next((row["name"] for row in value if row["sealed"] and not row["value"]), None):
            raise forms.ValidationError(f"{lost}: its value was typed too long ago. Type it again.")
        rows = super().clean(value)
        names = [row["name"] for row in rows]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise forms.ValidationError(f"{twice} is there twice.")
        return {row["name"]: row["value"] or None for row in rows}


class ProfileForm(Refusable, UnjudgedForm):
    """A new environment, or all of one that is there, which is `profile`."""

    name = forms.CharField(max_length=120)
    key = forms.CharField(
        max_length=100, required=False, label="Id for the API", help_text="Letters, digits and . _ : -; made of the name where it is empty."
    )
    source = forms.ChoiceField(required=False, label="For", help_text="One source, or every source of the project.")
    base_url = forms.CharField(
        max_length=LONGEST_ADDRESS,
        required=False,
        label="Base address",
        help_text="Where requests go in this environment; empty for the source's own.",
        widget=forms.TextInput(attrs={"placeholder": "https://staging.example.com/v1", "inputmode": "url"}),
    )
    variables = VariablesField(
        label="Variables",
        help_text="Models and programs are told the names. Values are encrypted, filled in when something runs, and never shown again. "
        "Requests carry them only to the server that the base address names as they are entered.",
    )
    allowed_hosts = LinesField(
        most=profiles.MOST_HOSTS,
        length=253,
        label="Hosts that programs may reach",
        help_text="One a line: api.example.com, *.example.com, with :port where it is not 80 or 443. Empty: a sandbox without a network.",
    )

    use_required_attribute = False

    def __init__(self, *given: Any, sources: list[ApiSource], whose: str, profile: EnvProfile | None = None, **more: Any) -> None:
        self.profile, self.sources = profile, {str(each.pk): each for each in sources}
        more.setdefault("initial", _stored(profile) if profile else {"variables": [{"name": "", "value": ""}]})
        super().__init__(*given, **more)
        self.fields["source"].choices = [("", "All sources"), *((key, each.label) for key, each in self.sources.items())]  # type: ignore[attr-defined]
        if profile:
            del self.fields["key"]
        widget = self.fields["variables"].widget
        if isinstance(widget, VariablesWidget):
            widget.stored, widget.whose = frozenset(profile.variable_names if profile else ()), whose

    def columns(self) -> dict[str, Any]:
        """What the services take."""
        return self.cleaned_data | {"source": self.sources.get(self.cleaned_data["source"])}


def _stored(profile: EnvProfile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "source": str(profile.source_id or ""),
        "base_url": profile.base_url,
        "variables": [{"name": name, "value": ""} for name in profile.variable_names],
        "allowed_hosts": profile.allowed_hosts,
    }
