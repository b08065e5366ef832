"""The form of a custom eval. What a field may hold is the services' to say; their errors are put beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import Truncator

from templates_app.customs.rendering import VARIABLES
from templates_app.customs.services import LONGEST_CATEGORY, TEXTS
from templates_app.models import Brand, CustomEval
from templates_app.sources.definitions import LONGEST_TEXT
from templates_app.sources.forms import JudgedForm, short

UNTOUCHED: Mapping[str, Any] = {"pass_score": 70, "enabled": True}
NAMES = {"prompt_competitor_group": "group"}
JUDGED = ("expected_behavior", "pass_score", "model_ids", "enabled")


class CustomEvalForm(JudgedForm):
    """A new custom eval, or all of one that is there, which is `custom_eval`."""

    prompt = forms.CharField(
        max_length=LONGEST_TEXT,
        required=False,
        label="Task",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What the model is asked to do. A template below takes its place.",
    )
    prompt_template = forms.CharField(
        max_length=LONGEST_TEXT,
        required=False,
        label="Template of the task",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"Filled in once, when it is saved: {', '.join(f'{{{{{name}}}}}' for name in VARIABLES)}.",
    )
    description = forms.CharField(max_length=LONGEST_TEXT, required=False, label="Note", help_text="For people; no model is told.")
    category_name = forms.CharField(max_length=LONGEST_CATEGORY, required=False, label="Category", help_text="A new name makes a new one.")
    competitor = forms.ChoiceField(required=False, label="Competitor", help_text="Fills in {{competitor_name}} and {{competitor_domain}}.")

    group = forms.ChoiceField(required=False, label="Variant of", help_text="The eval that this one puts for another competitor.")

    either = ("prompt", "prompt_template")
    field_order = ("prompt", "prompt_template", "category_name", "competitor", "group", "description")

    def __init__(
        self,
        *given: Any,
        competitors: Sequence[Brand],
        bases: Sequence[CustomEval],
        custom_eval: CustomEval | None = None,
        variant_of: CustomEval | None = None,
        **more: Any,
    ) -> None:
        """A new one begins as a copy of the eval that it is a `variant_of`."""
        self.custom_eval = custom_eval
        more.setdefault("initial", stored(custom_eval) if custom_eval else variant(variant_of) if variant_of else UNTOUCHED)
        super().__init__(*given, **more)
        self.fields["expected_behavior"].help_text = "What a judge looks for in the answer. Empty: that the task is done."
        self.fields["group"].choices = [("", "None"), *((str(each.pk), short_of(each)) for each in bases)]  # type: ignore[attr-defined]
        self.fields["competitor"].choices = [("", "None"), *((str(each.pk), each.name) for each in competitors)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("prompt", "").strip() and not data.get("prompt_template", "").strip() and not self.errors:
            self.add_error("prompt", "Write the task, or a template of it.")
        return data

    def asked(self) -> dict[str, str]:
        """What the model is asked to do, of whom, and as a variant of what: a second eval of it would ask the same twice."""
        return {name: self.cleaned_data[name].strip() for name in ("prompt", "prompt_template", "competitor", "group")}

    def columns(self) -> dict[str, Any]:
        """What the services take. A prompt goes along only where no template makes it."""
        data = self.cleaned_data
        columns = {name: data[name] for name in ("description", "category_name", "competitor", "group", "prompt_template")}
        return {"prompt": data["prompt"], **columns, "definition": {name: data[name] for name in JUDGED}}

    def refuse(self, error: ValidationError) -> None:
        """The services name fields of the definition eval.NAME, and the group as the API does."""
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        super().refuse(ValidationError({NAMES.get(name, name.removeprefix("eval.")) or "__all__": said for name, said in told.items()}))


def short_of(row: CustomEval) -> str:
    """A custom eval in one line."""
    return Truncator(" ".join(row.prompt.split())).chars(90)


def stored(row: CustomEval) -> dict[str, Any]:
    """What the form of an eval begins with."""
    texts = {name: getattr(row, name) for name in TEXTS}
    named = {"category_name": row.category.name if row.category else "", "competitor": str(row.competitor_id or "")}
    judged = getattr(row, "definition", None)
    values = {name: getattr(judged, name) for name in JUDGED} | {"pass_score": short(judged.pass_score)} if judged else UNTOUCHED
    return {**texts, **named, **values, "group": str(row.group_id or "")}


def variant(base: CustomEval) -> dict[str, Any]:
    """What the form of a new variant of an eval begins with: all of it, but for whom it is against."""
    return {**stored(base), "competitor": "", "group": str(base.pk), "prompt": "" if base.prompt_template else base.prompt}
