"""The form of a project's own coding agent. What is wrong stands beside its field, and what was typed stays."""

from collections.abc import Callable
from typing import Any

from django import forms

from agents.harnesses import BadTemplate, parsed
from agents.models import Harness
from evalhub.common.environments import LONGEST_HOST, host_name, variable_name
from evalhub.common.rows import LinesField

MOST_LINES = 100


def _lines(most: int, label: str, help_text: str) -> LinesField:
    box = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})
    return LinesField(most=MOST_LINES, length=most, label=label, help_text=help_text, widget=box)


class HarnessForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, command line and limits. `agents.coding.services` saves it."""

    model_names = _lines(150, "Models", "One a line, as {model} is filled in. Empty: any name may be asked for.")
    environment_names = _lines(100, "Variables", "Names of an environment's variables that it is given, one a line. Empty: all of them.")
    allowed_hosts = _lines(
        LONGEST_HOST,
        "Hosts it may reach",
        "One a line: api.example.com, *.example.com, with :port where it is not 80 or 443; beside those of the environment. Empty: none.",
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

    def clean_model_names(self) -> list[str]:
        return self._each("model_names", str)

    def clean_environment_names(self) -> list[str]:
        return self._each("environment_names", variable_name)

    def clean_allowed_hosts(self) -> list[str]:
        return self._each("allowed_hosts", host_name)

    def _each(self, name: str, check: Callable[[str], str]) -> list[str]:
        """Each line as the check has it, once."""
        return list(dict.fromkeys(map(check, self.cleaned_data[name])))

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
