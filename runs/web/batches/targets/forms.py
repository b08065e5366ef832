"""Forms of configured targets: new ones, and how often one runs. What is wrong stands beside its field, and what was typed stays."""

import uuid
from typing import Any

from django import forms
from django.http import QueryDict

from evalhub.accounts.models import Project
from runs.batches.request import TargetSpec
from runs.batches.targets import TargetGiven
from runs.batches.whom import Platforms
from runs.models import Frequency, Target, TargetType
from runs.web.batches.new.desk import MOST_SHOWN, Option, known_keys, option_of
from templates_app.models import ApiSource, PromptTopic, SourceType

OTHER = "other"
WITH_SOURCES = (SourceType.REST_API, SourceType.SDK, SourceType.CLI)


class TargetForm(forms.Form):
    """Whom a project asks of one kind (and source), and how often."""

    source = forms.ChoiceField(label="Source")
    known = forms.ChoiceField(label="Target", required=False)
    other = forms.CharField(
        label="Another one",
        required=False,
        max_length=260,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "placeholder": "openai/gpt-4.1"}),
        help_text="provider/model, or coding-agent/model such as codex/gpt-5. Goes before the choice.",
    )
    topic = forms.ChoiceField(label="Only prompts of", required=False)
    prompt_platform = forms.CharField(
        label="Answers count as",
        required=False,
        max_length=120,
        help_text="A platform's name that results are grouped by. Empty: the provider or agent itself.",
    )
    frequency = forms.ChoiceField(label="How often", choices=Frequency.choices, initial=Frequency.DAILY)
    enabled = forms.BooleanField(label="In use", required=False, initial=True, help_text="Without the tick it is never asked by itself.")

    either = ("known", "other")

    def __init__(self, project: Project, kind: str, data: QueryDict | None = None, source: str = "") -> None:
        super().__init__(data, initial={"source": source})
        self.project, self.kind = project, kind
        self.platforms = Platforms(project)
        self._choices(
            "known", [("", "Choose…"), *((option.value, _label(option)) for option in map(option_of, known_keys(self.platforms)))]
        )
        if kind in WITH_SOURCES:
            rows = ApiSource.objects.filter(project=project, source_type=kind).values_list("pk", "label")[:MOST_SHOWN]
            self._choices("source", [(str(key), label) for key, label in rows])
        else:
            del self.fields["source"]
        if kind == SourceType.PROMPTS:
            topics = PromptTopic.objects.filter(project=project, archived_at=None).values_list("pk", "name")[:MOST_SHOWN]
            self._choices("topic", [("", "All topics"), *((str(key), name) for key, name in topics)])
        else:
            del self.fields["topic"], self.fields["prompt_platform"]

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if not told.get("known") and not told.get("other") and "known" not in self.errors:
            self.add_error("known", "Choose a target, or type one beside it.")
        return told

    @property
    def source_row(self) -> ApiSource | None:
        key = self.cleaned_data.get("source")
        return ApiSource.objects.get(project=self.project, pk=uuid.UUID(key)) if key else None

    @property
    def given(self) -> TargetGiven:
        told = self.cleaned_data
        spec = TargetSpec(
            target_type="agent" if self._is_agent else "text",
            execution_platform=self._named[0],
            model_id=self._named[1],
            prompt_platform_id=told.get("prompt_platform") or "",
            prompt_topic_id=told.get("topic") or None,
            enabled=told["enabled"],
        )
        return TargetGiven(spec=spec, frequency=told["frequency"])

    @property
    def _named(self) -> tuple[str, str]:
        """Platform and model."""
        typed: str = self.cleaned_data["other"].strip()
        if typed:
            platform, _, model = typed.partition("/")
            return platform, model
        _, platform, model = self.cleaned_data["known"].split(":", 2)
        return platform, model

    @property
    def _is_agent(self) -> bool:
        if self.cleaned_data["other"].strip():
            return self._named[0] in self.platforms.harnesses and self._named[0] not in self.platforms.models
        return bool(self.cleaned_data["known"].startswith(f"{TargetType.AGENT.value}:"))


class PaceForm(forms.Form):
    """How often one target runs, and whether at all."""

    frequency = forms.ChoiceField(label="How often", choices=Frequency.choices)
    enabled = forms.BooleanField(label="In use", required=False, help_text="Without the tick it is never asked by itself.")

    @classmethod
    def of(cls, row: Target) -> "PaceForm":
        return cls(initial={"frequency": row.frequency, "enabled": row.enabled})


def _label(option: Option) -> str:
    return f"{option.label} ({option.note})" if option.note else option.label
