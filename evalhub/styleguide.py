"""`/styleguide/`, on a development server alone: every shared component in both themes, on one page to compare them by eye."""

from types import SimpleNamespace

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from evalhub.common.templatetags.page import DRAWINGS
from runs.states import Status

TOKENS = (
    "paper",
    "surface",
    "sunken",
    "line",
    "line-strong",
    "ink",
    "ink-2",
    "ink-3",
    "accent",
    "accent-soft",
    "ok",
    "bad",
    "warn",
    "mark",
)


class SampleForm(forms.Form):
    """A field of each kind: one that is right, one that helps, one that is wrong."""

    name = forms.CharField(label="Name", initial="Conversation quality")
    judge = forms.CharField(label="Judge model", required=False, help_text="provider/model; empty for the project's default.")
    kind = forms.ChoiceField(label="Type", choices=[("quality", "Quality"), ("adaptation", "Adaptation")])
    samples = forms.IntegerField(label="Samples", max_value=20, help_text="Judgements of one conversation; their mean is the score.")
    rubric = forms.CharField(label="Rubric", widget=forms.Textarea, initial="Judge how well the assistant helps this user.")
    diary = forms.BooleanField(label="Keep a diary", required=False, help_text="One entry after each session.")


def styleguide(request: HttpRequest) -> HttpResponse:
    wrong = SampleForm({"name": "", "judge": "openai/gpt-4.1-mini", "kind": "quality", "samples": "99", "rubric": "…"})
    context = {
        "tokens": TOKENS,
        "drawings": DRAWINGS,
        "runs": [SimpleNamespace(status=status, is_active=False, cancel_requested_at=None) for status in Status],
        "forms": [SampleForm(initial={"samples": 1}), wrong],
        "themes": ["light", "dark"],
        "bar": SimpleNamespace(value=78, spread=6, band_start=72, band_width=12),
    }
    return render(request, "styleguide.html", context)
