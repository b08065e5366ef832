"""The filters of the list of runs: a form, and what it asks for as `Wanted`. Pages, exports and the live list read addresses with it.

A value that cannot be used is a sentence beside its field, and the other filters hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django_filters import CharFilter, ChoiceFilter, DateFilter, Filter, FilterSet, UUIDFilter

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.ids import id_or_none
from evalhub.common.names import told_apart
from runs.finding import NEWEST, ORDERS, Wanted
from runs.listed.rows import Listed
from runs.models import EvalRun
from runs.states import Status
from templates_app.models import EvalTemplate

STATUSES = [
    (status.value, status.value.capitalize()) for status in Status if status != Status.SUMMARIZING
]  # summarizing belongs to batches
SORTS = [(name, order.label) for name, order in ORDERS.items()]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
KINDS = [choice for choice in EvalRun.Kind.choices if choice[0] != EvalRun.Kind.TRIAL]  # children are listed with their batch
MOST_CHOICES = 500
LONGEST_TEXT = 200
Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Tag:
    """A filter that holds: its words, and the query without it."""

    label: str
    value: str
    without: str


class ScoreFilter(Filter):  # type: ignore[misc]
    field_class = forms.FloatField


class DayField(forms.DateField):
    """A day that is still one when it is counted on."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    input_formats = ["%Y-%m-%d"]

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        if day and not FIRST_DAY <= day <= LAST_DAY:
            raise forms.ValidationError(f"Give a day from {FIRST_DAY:%Y} to {LAST_DAY:%Y}.")
        return day  # type: ignore[no-any-return]


class DayFilter(DateFilter):  # type: ignore[misc]
    field_class = DayField


def _choice(label: str, *, unknown: str, empty: str = "Any", choices: Sequence[tuple[str, str]] = ()) -> ChoiceFilter:
    return ChoiceFilter(label=label, choices=choices, empty_label=empty, error_messages={"invalid_choice": unknown})


def _score(label: str) -> ScoreFilter:
    """A text field, so that what is no number is still there to be mended."""
    widget = forms.TextInput(attrs={"inputmode": "decimal"})
    return ScoreFilter(label=label, min_value=0, max_value=100, widget=widget, error_messages={"invalid": "Give a number from 0 to 100."})


class RunFilters(FilterSet):  # type: ignore[misc]  # its library has no types
    """Made of an address's query, for one project. Two queries for the choices of agents and templates."""

    q = CharFilter(label="Search", max_length=LONGEST_TEXT, widget=forms.TextInput(attrs={"type": "search"}))
    status = _choice("Status", unknown="There is no status “%(value)s”.", choices=STATUSES)
    kind = _choice("Kind", unknown="There is no kind “%(value)s”.", choices=KINDS)
    agent = _choice("Agent", unknown="This project has no such agent.")
    template = _choice("Template", unknown="This project has no such template.")
    score_min = _score("Score from")
    score_max = _score("Score to")
    since = DayFilter(label="Created from", error_messages={"invalid": "Write the day as 2026-03-31."})
    to = DayFilter(label="Created to", error_messages={"invalid": "Write the day as 2026-03-31."})
    group = UUIDFilter(label="Repeats of", widget=forms.HiddenInput, error_messages={"invalid": "There is no such scenario."})
    sort = _choice("Sort", unknown="The list cannot be sorted like that.", choices=SORTS, empty=None)  # type: ignore[arg-type]

    def __init__(self, query: QueryDict, project: Project) -> None:
        data = query.copy()
        data.setdefault("sort", NEWEST)
        super().__init__(data, queryset=Listed.objects.none())
        self.project = project
        self.given = query
        agents, templates = _agents(project), _templates(project)
        self._kinds = {key: kind for key, _, kind in templates}
        self.filters["agent"].extra["choices"] = _with(agents, _deleted_agent(project, query.get("agent", ""), agents))
        self.filters["template"].extra["choices"] = [(key, name) for key, name, _ in templates]

    @cached_property
    def wanted(self) -> Wanted:
        """What is asked for, without what cannot be used."""
        self.form.is_valid()
        told = self.form.cleaned_data
        low, high = told.get("score_min"), told.get("score_max")
        if low is not None and high is not None and low > high:
            self.form.add_error("score_max", "This is below “Score from”, so no run has such a score.")
            high = None
        if told.get("since") and told.get("to") and told["since"] > told["to"]:
            self.form.add_error("to", "This is before “Created from”, so no run is of such a day.")
        template = told.get("template") or ""
        of_adaptation = self._kinds.get(template) == EvalTemplate.Type.ADAPTATION
        return Wanted(
            status=told.get("status") or "",
            kind=told.get("kind") or "",
            agent_id=id_or_none(told.get("agent")),
            template_id=None if of_adaptation else id_or_none(template),
            adaptation_template_id=id_or_none(template) if of_adaptation else None,
            score_min=low,
            score_max=high,
            since=_midnight(told.get("since")),
            before=_midnight(self.form.cleaned_data.get("to"), days=1),
            text=told.get("q") or "",
            sort=told.get("sort") or NEWEST,
            group=told.get("group"),
        )

    @property
    def query(self) -> str:
        """The address's query in one form, without empty values and places."""
        return self._query("")

    def query_with(self, **changed: str) -> str:
        return self._query("", **changed)

    def _query(self, without: str, **changed: str) -> str:
        told = {name: self.given.get(name, "") for name in self.filters if name != without} | changed
        kept = QueryDict(mutable=True)
        for name, value in told.items():
            if value and not (name == "sort" and value == NEWEST):
                kept[name] = value
        return kept.urlencode()

    @property
    def tags(self) -> Iterator[Tag]:
        """The filters that hold, each with the way to do without it."""
        for name, field in self.form.fields.items():
            given = self.given.get(name, "").strip()
            if given and name != "sort":
                words = "one scenario" if name == "group" else dict(getattr(field, "choices", ())).get(given, given)
                yield Tag(str(field.label), str(words), self._query(name))

    @property
    def quality_templates(self) -> Choices:
        """Those that a transcript can be judged by again."""
        return [(key, name) for key, name in self.filters["template"].extra["choices"] if self._kinds[key] == EvalTemplate.Type.QUALITY]

    @property
    def more_open(self) -> bool:
        """Whether the fields that are folded away have something to say."""
        folded = ("kind", "score_min", "score_max", "since", "to")
        return any(self.given.get(name) for name in folded)


def _agents(project: Project) -> Choices:
    named = Agent.objects.filter(project=project).order_by("name", "id").values_list("id", "name")[:MOST_CHOICES]
    return [(str(key), name) for key, name in named]


def _templates(project: Project) -> list[tuple[str, str, str]]:
    named = EvalTemplate.objects.visible_to(project).order_by("template_type", "name", "id").values_list("id", "name", "template_type")
    found = named[:MOST_CHOICES]
    labels = told_apart({key: name for key, name, _ in found})
    return [(str(key), labels[key], kind) for key, _, kind in found]


def _deleted_agent(project: Project, named: str, agents: Choices) -> Choices:
    """Its runs are there, and links to them too. A query only for an id that is not among the choices."""
    key = id_or_none(named)
    if key is None or any(named == each for each, _ in agents):
        return []
    run = EvalRun.objects.of(project).filter(agent_id=key).order_by("-created_at", "-id").values_list("agent_name").first()
    return [(named, f"{run[0]} (deleted)")] if run else []


def _with(choices: Choices, more: Choices) -> Choices:
    return [*choices, *more]


def _midnight(day: date | None, days: int = 0) -> datetime | None:
    return datetime.combine(day + timedelta(days=days), time.min, UTC) if day else None
