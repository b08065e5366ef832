"""The form of a new batch of one kind. A valid one is a request of runs.batches; what cannot run is said beside the field that is wrong."""

import secrets
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict

from runs.batches.choosing import choose
from runs.batches.chosen import Chosen
from runs.batches.request import ApiRequest, BadValue, BatchRefused, BatchRequest, PromptsRequest, TargetSpec
from runs.models import TargetType
from runs.web.batches.new.desk import Desk, Option
from templates_app.models import CustomEval, Prompt, SourceType

ALL, GROUPS, PICKED, CONFIGURED = "all", "groups", "picked", "configured"
MOST_LINES = 100
NOBODY = "Tick a model or coding agent at least, or name one under Others."


class NewBatchForm(forms.Form):
    """Name, what is asked, whom, where, and limits. `desk` says what there is to choose from."""

    name = forms.CharField(label="Name", required=False, max_length=200, help_text="Shown in the list. Empty: what it is of.")
    which = forms.ChoiceField(label="What is asked", widget=forms.RadioSelect)
    groups = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    picked = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    whom = forms.ChoiceField(label="Whom", widget=forms.RadioSelect)
    targets = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    more_targets = forms.CharField(
        label="Others",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false", "placeholder": "openai/gpt-4.1"}),
        help_text="One a line: provider/model, or coding-agent/model such as codex/gpt-5.",
    )
    profiles = forms.MultipleChoiceField(label="Environments", required=False, widget=forms.CheckboxSelectMultiple)
    force = forms.BooleanField(
        label="Ask again today", required=False, help_text="Without the tick, what a model answered today (UTC) is left out."
    )
    max_cost_usd = forms.DecimalField(
        label="Limit of each child, USD",
        required=False,
        min_value=Decimal("0.0001"),
        max_value=1_000_000,
        max_digits=12,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),  # a number's box sends nothing for what it cannot read: no limit at all
        help_text="A child stops before the call that may pass it. Empty: no limit.",
        error_messages={
            "invalid": "The limit must be a number, such as 0.50.",
            "min_value": "The limit must be greater than or equal to %(limit_value)s.",
            "max_value": "The limit must be less than or equal to %(limit_value)s.",
        },
    )
    token = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput({"data-no-draft": ""}))

    def __init__(self, desk: Desk, data: QueryDict | None = None) -> None:
        super().__init__(data, initial=_initial(desk))
        self.desk = desk
        self._choices("which", [(ALL, of_all(desk)), (GROUPS, f"By {group_word(desk.kind)}"), (PICKED, "Picked")])
        self._choices("groups", desk.groups)
        self._choices("picked", [(option.value, option.label) for option in desk.subjects])
        self._choices("whom", [(CONFIGURED, f"The configured targets ({len(desk.configured)})"), (PICKED, "Picked")])
        self._choices("targets", [(option.value, option.label) for option in desk.targets])
        self._choices("profiles", desk.profiles)
        if desk.kind != SourceType.PROMPTS:
            del self.fields["force"]

    def _choices(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def chosen_of(self, name: str, options: Sequence[Option]) -> list[tuple[Option, bool]]:
        """Each with whether it is ticked."""
        ticked = set(self[name].value() or ())
        return [(option, option.value in ticked) for option in options]

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        source, wanted = self.desk.source, self.data.get("source")
        if source and wanted and wanted != str(source.pk):
            raise forms.ValidationError(f"The source that was chosen is gone. What is shown now is of {source.label}: choose anew.")
        for way, name, word in ((GROUPS, "groups", group_word(self.desk.kind)), (PICKED, "picked", "one")):
            if told.get("which") == way and not told.get(name) and name not in self.errors:
                self.add_error(name, f"Tick {'a ' if name == 'groups' else ''}{word} at least, or choose another way above.")
        if told.get("whom") == PICKED and not told.get("targets") and not told.get("more_targets") and "targets" not in self.errors:
            self.add_error("targets", NOBODY)
        if len(self._lines) > MOST_LINES:
            self.add_error("more_targets", f"{MOST_LINES} lines are the most.")
        return told

    @property
    def _lines(self) -> list[str]:
        typed: str = self.cleaned_data.get("more_targets") or ""
        return list(filter(None, map(str.strip, typed.splitlines())))

    @cached_property
    def asked(self) -> BatchRequest | None:
        """What the form asks for; None while it is wrong."""
        if not self.is_valid():
            return None
        if self.desk.kind == SourceType.PROMPTS:
            return PromptsRequest(prompt_ids=self._prompts(), targets=self._targets(), force=self.cleaned_data["force"])
        environments = self.cleaned_data["profiles"] or None
        if self.desk.kind == SourceType.CUSTOM_EVALS:
            return ApiRequest(
                source_type="custom_evals", custom_eval_ids=self._customs(), targets=self._targets(), env_profile_ids=environments
            )
        told = self.cleaned_data
        return ApiRequest(
            source_type=self.desk.kind,  # type: ignore[arg-type]  # one of the three that have sources
            source_id=str(self.desk.source.pk) if self.desk.source else None,
            categories=told["groups"] if told["which"] == GROUPS else None,
            operation_ids=told["picked"] if told["which"] == PICKED else None,
            targets=self._targets(),
            env_profile_ids=environments,
        )

    def _prompts(self) -> list[str] | None:
        if self.cleaned_data["which"] == PICKED:
            return list(self.cleaned_data["picked"])
        if self.cleaned_data["which"] == ALL:
            return None
        active = Prompt.objects.filter(project=self.desk.project, status=Prompt.Status.ACTIVE, topic__in=self.cleaned_data["groups"])
        return [str(key) for key in active.values_list("pk", flat=True)]

    def _customs(self) -> list[str] | None:
        if self.cleaned_data["which"] == PICKED:
            return list(self.cleaned_data["picked"])
        if self.cleaned_data["which"] == ALL:
            return None
        rows = CustomEval.objects.filter(project=self.desk.project, category__in=self.cleaned_data["groups"])
        return [str(key) for key in rows.values_list("pk", flat=True)]

    def _targets(self) -> list[TargetSpec] | None:
        """None where the configured ones are meant."""
        if self.cleaned_data["whom"] == CONFIGURED:
            return None
        return [_spec(*key.split(":", 2)) for key in self.cleaned_data["targets"]] + [self._line(line) for line in self._lines]

    def _line(self, line: str) -> TargetSpec:
        platform, _, model = line.partition("/")
        return _spec(TargetType.AGENT if platform in self.desk.agents else TargetType.TEXT, platform, model)

    @cached_property
    def chosen(self) -> Chosen | None:
        """What would run, with its estimate; None where nothing would, which the form's errors then say."""
        asked = self.asked
        if asked is None:
            return None
        try:
            return choose(self.desk.project, asked)
        except BadValue as wrong:
            self.add_error(self._field_of(wrong), str(wrong))
        except BatchRefused as refused:
            self.add_error(None, str(refused))
        return None

    def _field_of(self, wrong: BadValue) -> str | None:
        """Targets are the ticked ones, then the typed lines."""
        if wrong.loc[:1] != ("targets",):
            return None
        place = wrong.loc[1] if len(wrong.loc) > 1 else 0
        return "targets" if isinstance(place, int) and place < len(self.cleaned_data["targets"]) else "more_targets"


def _spec(kind: str, platform: str, model: str) -> TargetSpec:
    return TargetSpec(target_type="agent" if kind == TargetType.AGENT else "text", execution_platform=platform, model_id=model)


def _initial(desk: Desk) -> dict[str, str]:
    """Where nothing runs by default, that way would only be refused."""
    which = PICKED if desk.subjects and not desk.standard else ALL
    return {"which": which, "whom": CONFIGURED if desk.configured else PICKED, "token": secrets.token_hex(16)}


def of_all(desk: Desk) -> str:
    """What runs where nothing is picked, with how many that are, if they could all be counted."""
    told = f"All active {plural(desk.kind)}" if desk.kind == SourceType.PROMPTS else f"All {plural(desk.kind)} that run by default"
    return told if desk.is_cut else f"{told} ({desk.standard})"


def plural(kind: str) -> str:
    return {SourceType.PROMPTS: "prompts", SourceType.CUSTOM_EVALS: "custom evals"}.get(SourceType(kind), "operations")


def group_word(kind: str) -> str:
    return "topic" if kind == SourceType.PROMPTS else "category"
