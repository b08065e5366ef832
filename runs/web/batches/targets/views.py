"""The pages of configured targets: whom a project asks by itself, how often, when next, and why one was left out."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back, typed_page
from evalhub.accounts.pages import gone_is_404
from runs.batches import targets
from runs.batches.now import target_run
from runs.batches.request import BadValue, BatchRefused
from runs.budget import BudgetSpent
from runs.models import Target
from runs.web.access import PageRequest, member_required, require_editor
from runs.web.batches.targets.forms import WITH_SOURCES, PaceForm, TargetForm
from templates_app.models import SourceType

MOST_SHOWN = 500
FIELDS = {"execution_platform": "other", "model_id": "other", "prompt_platform_id": "prompt_platform", "frequency": "frequency"}


@dataclass(frozen=True, slots=True)
class Group:
    """Targets that ask the same: prompts, custom evals, or one source."""

    kind: str
    title: str
    source_id: str
    rows: Sequence[Target]


@require_GET
@never_cache
@member_required
def target_list(request: PageRequest) -> HttpResponse:
    """All of them, under what they are asked."""
    project = request.membership.project
    rows = Target.objects.filter(project=project).select_related("source", "prompt_topic").defer("source__document", "source__docs")
    ordered = sorted(rows[:MOST_SHOWN], key=_order)
    groups = [_group(list(found)) for _, found in groupby(ordered, key=lambda row: (row.source_type, row.source_id))]
    return render(request, "runs/targets/list.html", {"groups": groups, "kinds": SourceType.choices})


def _order(row: Target) -> tuple[int, str, str]:
    label = row.source.label if row.source else ""
    return SourceType.values.index(row.source_type), label, str(row.source_id or "")


def _group(rows: list[Target]) -> Group:
    first = rows[0]
    kind = str(first.get_source_type_display())
    return Group(first.source_type, f"{kind}: {first.source.label}" if first.source else kind, str(first.source_id or ""), rows)


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def target_new(request: PageRequest) -> HttpResponse:
    """GET ?kind=&source=."""
    require_editor(request)
    try:
        form = TargetForm(request.membership.project, _kind(request.GET), request.POST or None, request.GET.get("source", ""))
        if request.method == "POST" and form.is_valid() and _made(request, form):
            return redirect("target-list")
    except BatchRefused as unreadable:  # a provider's key cannot be decrypted
        messages.error(request, str(unreadable))
        return redirect("target-list")
    return _new_page(request, form)


def _new_page(request: PageRequest, form: TargetForm) -> HttpResponse:
    context = {"form": form, "kind": form.kind, "kinds": SourceType.choices, "needs_source": form.kind in WITH_SOURCES}
    return render(request, "runs/targets/new.html", context, status=400 if form.is_bound else 200)


def _kind(asked: QueryDict) -> str:
    named = asked.get("kind", "")
    return named if named in SourceType.values else SourceType.PROMPTS


def _made(request: PageRequest, form: TargetForm) -> bool:
    try:
        made = targets.target_create(project=request.membership.project, source_type=form.kind, source=form.source_row, given=form.given)
    except BadValue as wrong:
        name = FIELDS.get(str(wrong.loc[-1]), "other")
        form.add_error(name if name in form.fields else None, str(wrong))
        return False
    messages.success(request, f"{made} is a target now.")
    return True


def _again(request: PageRequest, target_id: uuid.UUID) -> HttpResponse:
    """A new one that asks the same, as the form says it; how often alone where its source is gone, or a key cannot be read."""
    try:
        form = TargetForm(request.membership.project, _kind(request.POST), request.POST)
    except BatchRefused:
        return typed_page(request, PaceForm(request.POST))
    is_whole = form.kind not in WITH_SOURCES or "source" not in form.errors
    return _new_page(request, form) if is_whole else typed_page(request, PaceForm(request.POST))


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
@comes_back(_again)
def target(request: PageRequest, target_id: uuid.UUID) -> HttpResponse:
    """One of the project's; another project's does not exist. An editor's POST sets how often it runs."""
    row = _row(request, target_id)
    form = PaceForm.of(row)
    if request.method == "POST":
        require_editor(request)
        form = PaceForm(request.POST)
        if form.is_valid():
            with gone_is_404(Target.DoesNotExist):
                targets.target_update(target_id=target_id, project=request.membership.project, **form.cleaned_data)
            messages.success(request, f"{row} is saved.")
            return redirect("target-list")
    context = {"form": form, "row": row, "may_write": request.membership.may_write}
    return render(request, "runs/targets/target.html", context, status=400 if form.is_bound else 200)


@require_POST
@member_required
def target_now(request: PageRequest, target_id: uuid.UUID) -> HttpResponse:
    """A batch of it at once, which is opened."""
    row = _row(request, target_id)
    require_editor(request)
    try:
        made = target_run(target_id=target_id, project=request.membership.project)
    except Target.DoesNotExist:
        raise Http404 from None
    except (BatchRefused, BudgetSpent) as refused:
        messages.error(request, f"{row} was not run. {refused}")
        return redirect("target-list")
    messages.success(request, "The batch is queued; workers take its children up by themselves.")
    return redirect("batch", made.pk)


@require_POST
@member_required
def target_end(request: PageRequest, target_id: uuid.UUID) -> HttpResponse:
    row = _row(request, target_id)
    require_editor(request)
    with gone_is_404(Target.DoesNotExist):
        targets.target_delete(target_id=target_id, project=request.membership.project)
    messages.success(request, f"The target {row} is deleted. Batches that asked it stay.")
    return redirect("target-list")


def _row(request: PageRequest, target_id: uuid.UUID) -> Target:
    rows = Target.objects.filter(project=request.membership.project).select_related("source", "prompt_topic")
    return get_object_or_404(rows.defer("source__document", "source__docs"), pk=target_id)
