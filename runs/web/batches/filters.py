"""The filters of the list of batches and of one batch's children: forms made of an address. What cannot be used is said beside it."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict

from evalhub.accounts.models import Project
from runs.batches import matrix, reading
from runs.batches.ordered import ORDERS, Order
from runs.filters import LONGEST_TEXT, MOST_CHOICES, DayField, Tag
from runs.models import Batch
from runs.states import Status
from templates_app.models import ApiSource, SourceType

Choices = Sequence[tuple[str, str]]
STATUSES = [(status.value, status.value.capitalize()) for status in Status]
RESULT_WORDS = {
    "passed": "Passed",
    "failed": "Failed",
    "answered": "Answered, without a verdict",
    "error": "Without a result",
    "running": "Running",
    "queued": "Queued",
    "cancelled": "Cancelled",
}
SCORE = forms.NumberInput(attrs={"step": "any", "min": "0", "max": "100", "inputmode": "decimal"})
WRONG_DAY = {"invalid": "Write the day as 2026-03-31."}


class AddressForm(forms.Form):
    """A form whose data is an address's query. Empty fields do not stand in the addresses it makes."""

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.given = query

    @property
    def query(self) -> str:
        return self.query_with()

    def query_with(self, **changed: str) -> str:
        """The same address with other values; "" takes one away."""
        kept = QueryDict(mutable=True)
        for name in self.fields:
            if value := changed.get(name, self.given.get(name, "").strip()):
                kept[name] = value
        return kept.urlencode()

    @property
    def tags(self) -> Iterator[Tag]:
        """The filters that hold, each with the way to do without it."""
        for name, field in self.fields.items():
            given = self.given.get(name, "").strip()
            if given and name not in self.errors:
                words = "yes" if isinstance(field, forms.BooleanField) else dict(getattr(field, "choices", ())).get(given, given)
                yield Tag(str(field.label), str(words), self.query_with(**{name: ""}))

    def _add(self, name: str, label: str, choices: Choices, unknown: str) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label, required=False, choices=[("", "Any"), *choices], error_messages={"invalid_choice": unknown}
        )

    def told(self, name: str) -> Any:
        """A field's value, None for one that is empty or cannot be used."""
        self.is_valid()
        return self.cleaned_data.get(name) or None


class BatchFilters(AddressForm):
    """Of the list. One query, for the sources."""

    q = forms.CharField(
        label="Search", required=False, max_length=LONGEST_TEXT, widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name"})
    )

    def __init__(self, query: QueryDict, project: Project) -> None:
        super().__init__(query)
        sources = ApiSource.objects.filter(project=project).values_list("pk", "label")[:MOST_CHOICES]
        self._add("status", "Status", STATUSES, "There is no such status.")
        self._add("kind", "Kind", SourceType.choices, "There is no such kind.")
        self._add("source", "Source", [(str(key), label) for key, label in sources], "This project has no such source.")
        self._add("trigger", "Started by", Batch.Trigger.choices, "Batches are not started like that.")
        self.fields["since"] = DayField(label="Created from", required=False, error_messages=WRONG_DAY)
        self.fields["to"] = DayField(label="Created to", required=False, error_messages=WRONG_DAY)

    @property
    def more_open(self) -> bool:
        """Whether the fields that are folded away have something to say."""
        return any(self.given.get(name) for name in ("source", "trigger", "since", "to"))

    @cached_property
    def wanted(self) -> reading.Wanted:
        source, since, until = self.told("source"), self.told("since"), self.told("to")
        return reading.Wanted(
            status=self.told("status") or "",
            source_type=self.told("kind") or "",
            source_id=uuid.UUID(source) if source else None,
            trigger=self.told("trigger") or "",
            text=self.told("q") or "",
            since=_midnight(since),
            before=_midnight(until + timedelta(days=1)) if until else None,
        )


class ChildFilters(AddressForm):
    """Of one batch's children: its matrix, its failures and the list of a cell. Two queries: topics or categories, and reasons."""

    failures = forms.BooleanField(label="Failures only", required=False)
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Prompt, operation or eval"}),
    )
    subject = forms.IntegerField(label="One of them", required=False, min_value=0, max_value=10**9, widget=forms.HiddenInput)

    def __init__(self, query: QueryDict, batch: Batch) -> None:
        super().__init__(query)
        targets = [(str(column.index), column.label) for column in matrix.columns(batch)]
        groups = [(str(key), name) for key, name in matrix.groups(batch)[:MOST_CHOICES]]
        self._add("target", "Target", targets, "This batch has no such target.")
        why = [key for key, _ in matrix.reasons(batch=batch, wanted=matrix.Wanted()) if key]
        self._add("reason", "Reason", [(key, key.replace("_", " ")) for key in why], "Nothing in this batch failed for such a reason.")
        if groups:
            name = "Topic" if batch.source_type == SourceType.PROMPTS else "Category"
            self._add("group", name, groups, "No child of this batch is of such a one.")

    @cached_property
    def wanted(self) -> matrix.Wanted:
        target, group, subject = self.told("target"), self.told("group"), self.cleaned_data.get("subject")
        return matrix.Wanted(
            failures=bool(self.told("failures")),
            reason=self.told("reason") or "",
            target=int(target) if target else None,
            subject=subject,
            group=uuid.UUID(group) if group else None,
            text=self.told("q") or "",
        )


class ChildListFilters(ChildFilters):
    """Of the list of children: what they came to, their scores, and the order."""

    sort = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[("", "As the batch asks"), *((key, order.label) for key, order in ORDERS.items())],
        error_messages={"invalid_choice": "Children are not sorted like that."},
    )
    result = forms.ChoiceField(
        label="Result",
        required=False,
        choices=[("", "Any"), *RESULT_WORDS.items()],
        error_messages={"invalid_choice": "There is no such result."},
    )
    score_min = forms.FloatField(label="Score from", required=False, min_value=0, max_value=100, widget=SCORE)
    score_max = forms.FloatField(label="Score to", required=False, min_value=0, max_value=100, widget=SCORE)

    @cached_property
    def wanted(self) -> matrix.Wanted:
        wanted = super().wanted
        low, high = self.cleaned_data.get("score_min"), self.cleaned_data.get("score_max")  # not `told`: a score of 0 is one
        return replace(wanted, result=self.told("result") or "", score_min=low, score_max=high)

    @property
    def order(self) -> Order | None:
        """None for the order of the batch."""
        return ORDERS.get(self.told("sort") or "")


def _midnight(day: Any) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None
