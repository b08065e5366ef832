"""The form of a project's own coding agent. What is wrong stands beside its field, and what was typed stays."""

import re
from typing import Any

from django import forms

from agents.harnesses import BadTemplate, parsed
from agents.models import Harness

MOST_LINES = 100
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class LinesField(forms.CharField):
    """A list of texts, one a line; empty lines are left out and a text that comes twice is kept once."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})

    def __init__(self, *, most: int, **given: Any) -> None:
        super().__init__(required=False, max_length=20_000, **given)
        self.most = most

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return list(dict.fromkeys(filter(None, map(str.strip, (super().to_python(value) or "").splitlines()))))

    def validate(self, value: Any) -> None:
        if len(value) > MOST_LINES:
            raise forms.ValidationError(f"{len(value)} lines; {MOST_LINES} are the most.")
        if long := next((line for line in value if len(line) > self.most), ""):
            raise forms.ValidationError(f"“{long[:40]}…” is longer than {self.most} characters.")

    def run_validators(self, value: Any) -> None:
        """Those of texts are not asked of a list."""


class HarnessForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, command line and limits. `agents.coding.services` saves it."""

    model_names = LinesField(label="Models", most=150, help_text="One a line, as {model} is filled in. Empty: any name may be asked for.")
    environment_names = LinesField(
        label="Variables", most=200, help_text="Names of an environment's variables that it is given, one a line. Empty: all of them."
    )
    allowed_hosts = LinesField(
        label="Hosts it may reach", most=253, help_text="One a line, such as api.example.com; beside those of the environment. Empty: none."
    )

    class Meta:
        model = Harness
        fields = (
            *("name", "label", "argv", "model_names", "environment_names", "allowed_hosts"),
            *("timeout_seconds", "cost_usd", "is_active"),
        )
        labels = {
            "argv": "Command",
            "label": "Shown as",
            "timeout_seconds": "Time limit, seconds",
            "cost_usd": "Cost of one eval, USD",
            "is_active": "In use",
        }
        help_texts = {
            "name": "What targets call it, such as my-agent. The name of a built-in one puts this in its place.",
            "argv": "The program and its arguments on one line, which no shell reads. {prompt} is the task, "
            "{model} the model, {workdir} an empty folder.",
            "timeout_seconds": "It is ended when it has worked for so long.",
            "cost_usd": "About what one task costs, for estimates. Empty: unknown.",
            "is_active": "Without the tick it cannot be asked.",
        }
        error_messages = {"name": {"invalid": "Only letters, digits, - and _."}}
        widgets = {"argv": forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"})}

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["timeout_seconds"] = forms.IntegerField(
            label="Time limit, seconds", min_value=1, max_value=7200, help_text=self.fields["timeout_seconds"].help_text
        )
        self.fields["cost_usd"] = forms.DecimalField(
            label="Cost of one eval, USD",
            min_value=0,
            max_value=10_000,
            max_digits=10,
            decimal_places=4,
            required=False,
            help_text=self.fields["cost_usd"].help_text,
            widget=forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal"}),
        )

    def clean_argv(self) -> str:
        line: str = self.cleaned_data["argv"]
        try:
            parsed(line)
        except BadTemplate as wrong:
            raise forms.ValidationError(str(wrong)) from None
        return line

    def clean_environment_names(self) -> list[str]:
        return self._matching("environment_names", VARIABLE, "is no name of a variable")

    def clean_allowed_hosts(self) -> list[str]:
        return self._matching("allowed_hosts", HOST, "is no host: write its name alone, without https:// and path")

    def _matching(self, name: str, pattern: re.Pattern[str], wrong: str) -> list[str]:
        lines: list[str] = self.cleaned_data[name]
        if bad := next((line for line in lines if not pattern.fullmatch(line)), ""):
            raise forms.ValidationError(f"“{bad[:60]}” {wrong}.")
        return lines

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
