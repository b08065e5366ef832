"""The form of "judge again with": which templates a transcript is judged by next."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms

from evalhub.accounts.models import Project
from runs.models import EvalRun
from templates_app.models import EvalTemplate
from templates_app.selectors import template_choices

Type = EvalTemplate.Type
NONE = ("", "None")


class RejudgeForm(forms.Form):
    """Two selections, of which one must name a template. Choices are read once, in one query."""

    template = forms.ChoiceField(label="Quality template", required=False)
    adaptation_template = forms.ChoiceField(label="Adaptation template", required=False)

    def __init__(self, templates: Sequence[EvalTemplate], data: Mapping[str, Any] | None, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial, auto_id="rejudge-%s")
        self._known = {str(template.pk): template for template in templates}
        for name, kind in (("template", Type.QUALITY), ("adaptation_template", Type.ADAPTATION)):
            cast(forms.ChoiceField, self.fields[name]).choices = [NONE, *template_choices(templates, kind)]

    @classmethod
    def of(cls, run: EvalRun, project: Project, data: Mapping[str, Any] | None = None) -> "RejudgeForm":
        """With the project's templates to choose from, those of the run chosen at first."""
        usable = EvalTemplate.objects.visible_to(project).order_by("name", "pk")
        first = {"template": run.template_id, "adaptation_template": run.adaptation_template_id}
        return cls(list(usable), data, {name: str(key or "") for name, key in first.items()})

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if not self.errors and not any(cleaned.values()):
            raise forms.ValidationError("Choose a template to judge by.")
        return cleaned

    @property
    def chosen(self) -> dict[str, EvalTemplate | None]:
        return {name: self._known.get(self.cleaned_data[name]) for name in self.fields}

    @property
    def is_empty(self) -> bool:
        return not self._known
