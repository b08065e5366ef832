"""A child of a batch on its run's page: what it was to do, for whom, and what came of it. What targets and servers wrote is text here."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from runs.models import Batch, BatchSubject, EvalRun, Trial
from runs.web.access import PageRequest, member_required, run_or_404
from runs.web.batches.naming import LATENCY_OF, NOUNS
from runs.web.outcomes_prompts import prompt_outcome
from templates_app.models import SourceType
from templates_app.reasons import meaning

Json = Mapping[str, Any]
LONGEST_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `passed` is None where nothing was decided."""

    name: str
    passed: bool | None
    detail: str

    @property
    def state(self) -> str:
        return "open" if self.passed is None else "passed" if self.passed else "failed"


@dataclass(frozen=True, slots=True)
class Side:
    """A request or a response: its first line, its headers and its body."""

    line: str
    headers: Sequence[tuple[str, str]]
    body: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """All that the card says. `batch` is None where it was deleted."""

    trial: Trial
    batch: Batch | None
    noun: str
    target: str
    profile: str
    task: str
    expected: str
    checks: Sequence[Check]
    reasons: Sequence[tuple[str, str]]
    error: str
    exchange: Sequence[Side]
    exchange_note: str
    execution: Json | None
    is_unsandboxed: bool

    @property
    def batch_title(self) -> str:
        return self.batch.title if self.batch else ""

    @property
    def result(self) -> str:
        if self.trial.passed is not None:
            return "passed" if self.trial.passed else "failed"
        return "answered" if self.trial.finished_at and not self.trial.first_reason else "open"

    @property
    def latency(self) -> float | None:
        """Seconds."""
        return None if self.trial.latency_ms is None else self.trial.latency_ms / 1000

    @property
    def latency_of(self) -> str:
        return LATENCY_OF[SourceType(self.trial.source_type)]


def shown(run: EvalRun) -> dict[str, Any]:
    """What the card's template asks for; {} for a run that is no child of a batch. At most five queries."""
    found = card(run)
    return {"trial_card": found, "outcome_prompts": prompt_outcome(found.trial)} if found else {}


def card(run: EvalRun) -> Card | None:
    """None for a run that is no child of a batch. At most three queries."""
    if run.kind != EvalRun.Kind.TRIAL:
        return None
    trial = Trial.objects.filter(pk=run.pk).first()
    if trial is None:
        return None
    batch = Batch.objects.filter(pk=trial.batch_id).defer("request", "cells", "brands", "summary").first()
    subject = BatchSubject.objects.filter(pk=trial.subject_id).values_list("snapshot", flat=True).first()
    return _card(trial, batch, subject or {})


def _card(trial: Trial, batch: Batch | None, subject: Json) -> Card:
    details = _mapping(trial.details)
    exchange = _mapping(details.get("exchange"))
    definition = _mapping(subject.get("definition"))
    return Card(
        trial=trial,
        batch=batch,
        noun=NOUNS[SourceType(trial.source_type)],
        target=_target(trial, batch),
        profile=_profile(trial, batch),
        task=str(subject.get("text") or subject.get("prompt") or definition.get("custom_prompt") or ""),
        expected=str(definition.get("expected_behavior") or ""),
        checks=[_check(item) for item in details.get("checks") or () if isinstance(item, Mapping)],
        reasons=[(str(reason).replace("_", " "), meaning(str(reason))) for reason in trial.failure_reasons],
        error=str(_mapping(details.get("error")).get("message") or ""),
        exchange=[side for side in (_request(exchange), _response(exchange)) if side],
        exchange_note=str(exchange.get("detail") or ""),
        execution=_mapping(details.get("execution")) or None,
        is_unsandboxed=details.get("sandboxed") is False,
    )


def _target(trial: Trial, batch: Batch | None) -> str:
    if batch and trial.target_index < len(batch.targets):
        return str(batch.targets[trial.target_index]["label"])
    return f"{trial.platform}/{trial.model}"


def _profile(trial: Trial, batch: Batch | None) -> str:
    if batch and trial.profile_index is not None and trial.profile_index < len(batch.profiles):
        return str(batch.profiles[trial.profile_index]["name"])
    return "none" if trial.source_type == SourceType.REST_API and trial.profile_index is None else ""


def _check(item: Json) -> Check:
    passed = item.get("passed")
    name = str(item.get("key") or item.get("name") or "check").replace("_", " ")
    return Check(name, passed if isinstance(passed, bool) else None, _text(item.get("detail") or item.get("message")))


def _request(exchange: Json) -> Side | None:
    sent = _mapping(exchange.get("request"))
    if not sent:
        return None
    dropped = ", ".join(map(str, sent.get("dropped_headers") or ()))
    note = f"Written, but not sent: {dropped}" if dropped else ""
    return Side(f"{sent.get('method', '')} {sent.get('url', '')}", _headers(sent), _text(sent.get("body")), note)


def _response(exchange: Json) -> Side | None:
    got = _mapping(exchange.get("response"))
    if not got:
        return None
    note = "Only the beginning of the body is kept." if got.get("truncated") else ""
    return Side(f"Status {got.get('status', '')}", _headers(got), _text(got.get("body")), note)


def _headers(side: Json) -> list[tuple[str, str]]:
    given = side.get("headers") or ()
    pairs = given.items() if isinstance(given, Mapping) else given
    return [(str(pair[0]), str(pair[1])) for pair in pairs if len(pair) == 2]


def _text(value: Any) -> str:
    """As people read it; what is no text is JSON."""
    if value is None:
        return ""
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1))[:LONGEST_SHOWN]


def _mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


@require_GET
@never_cache
@member_required
def run_trial(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    """The card alone, for the page of a run that is not over."""
    found = run_or_404(request, run_id)
    if not request.htmx:
        return redirect("run", run_id)
    context = shown(found)
    if not context:
        return HttpResponse()  # no child of a batch: nothing stands there
    return render(request, "runs/batches/_trial.html", {"run": found, **context})
