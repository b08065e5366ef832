"""Pages of custom evals: the list and the form. Members read; editors write."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back
from evalhub.accounts.models import Project
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from evalhub.common.paging import first_rows, read_cursor, rows_after, write_cursor
from evalhub.common.problems import Problem
from templates_app.customs import selectors, services
from templates_app.customs.forms import CustomEvalForm
from templates_app.models import Brand, CustomEval, CustomEvalCategory

PAGE_SIZE = 50
LONGEST_SEARCH = 200


@require_GET
@member_required
def custom_eval_list(request: PageRequest) -> HttpResponse:
    """Newest first, filtered by words of the task and by category."""
    project = request.membership.project
    query = {name: request.GET.get(name, "").strip()[:LONGEST_SEARCH].replace("\x00", "") for name in ("q", "category")}
    rows, more = first_rows(_after(_wanted(project, query), request.GET.get("after", "")), PAGE_SIZE)
    told = {name: value for name, value in query.items() if value}
    context = {
        "rows": rows,
        "query": query,
        "is_filtered": bool(told),
        "is_first": "after" not in request.GET,
        "more_href": f"?{urlencode({**told, 'after': write_cursor(rows[-1].created_at, rows[-1].pk)})}" if more else "",
        "categories": CustomEvalCategory.objects.filter(project=project),
        "may_write": request.membership.may_write,
    }
    return render(request, "customs/list.html", context)


def _wanted(project: Project, query: dict[str, str]) -> QuerySet[CustomEval]:
    rows = selectors.custom_eval_list(project=project)
    rows = rows.filter(prompt__icontains=query["q"]) if query["q"] else rows
    return rows.filter(category__slug=query["category"]) if query["category"] else rows


def _after(rows: QuerySet[CustomEval], cursor: str) -> QuerySet[CustomEval]:
    try:
        return rows_after(rows, read_cursor(cursor))
    except Problem:
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


def _again(request: PageRequest, custom_eval_id: uuid.UUID) -> HttpResponse:
    return _form_page(request, *_custom_form(request, None))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def custom_eval_new(request: PageRequest) -> HttpResponse:
    """`?variant_of=` begins it as a variant of that eval."""
    require_editor(request)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def custom_eval(request: PageRequest, custom_eval_id: uuid.UUID) -> HttpResponse:
    """The form for editors; a viewer reads the same as a page."""
    found = _or_404(request, custom_eval_id)
    if not request.membership.may_write:
        if request.method == "POST":
            require_editor(request)
        context = {"custom_eval": found, "judged": getattr(found, "definition", None), "variants": selectors.custom_eval_variants(found)}
        return render(request, "customs/custom_eval.html", context)
    return _form(request, found)


def _or_404(request: PageRequest, custom_eval_id: uuid.UUID) -> CustomEval:
    with gone_is_404(CustomEval.DoesNotExist):
        return selectors.custom_eval_get(project=request.membership.project, custom_eval_id=custom_eval_id)


def _custom_form(request: PageRequest, found: CustomEval | None) -> tuple[CustomEvalForm, dict[str, Any]]:
    """And what its page shows around it."""
    project = request.membership.project
    competitors = list(Brand.objects.filter(project=project, is_own=False).order_by("name", "id"))
    base = found.group if found else _base(project, request.GET.get("variant_of", ""))
    variants = selectors.custom_eval_variants(found) if found else []
    bases = [] if variants else selectors.custom_eval_bases(project=project, of=found, now=base)
    sent = request.POST if request.method == "POST" else None
    form = CustomEvalForm(sent, competitors=competitors, bases=bases, custom_eval=found, variant_of=base)
    return form, {"categories": CustomEvalCategory.objects.filter(project=project), "variants": variants, "variant_of": base}


def _form_page(request: PageRequest, form: CustomEvalForm, around: dict[str, Any]) -> HttpResponse:
    context = {"form": form, "custom_eval": form.custom_eval, **around}
    return render(request, "customs/form.html", context, status=400 if form.is_bound else 200)


def _form(request: PageRequest, found: CustomEval | None) -> HttpResponse:
    form, around = _custom_form(request, found)
    if form.is_bound and form.is_valid() and _saved(request, form):
        messages.success(request, "The custom eval is saved. Batches that have begun keep it as it was.")
        return redirect("custom-eval-new" if "another" in request.POST else "custom-eval-list")
    return _form_page(request, form, around)


def _base(project: Project, named: str) -> CustomEval | None:
    """The eval that an address names for a new variant of it; None for one that can have none."""
    try:
        found = selectors.custom_eval_get(project=project, custom_eval_id=uuid.UUID(named))
    except (ValueError, CustomEval.DoesNotExist):
        return None
    return found if found.group_id is None else None


def _saved(request: PageRequest, form: CustomEvalForm) -> CustomEval | None:
    project, columns = request.membership.project, form.columns()
    if not form.custom_eval and selectors.custom_eval_is_there(project=project, **form.asked()):
        form.add_error("prompt", "There is a custom eval of this task already. Change that one, or write another task.")
        return None
    with gone_is_404(CustomEval.DoesNotExist), form.refusals():
        if form.custom_eval:
            return services.custom_eval_update(project=project, custom_eval_id=form.custom_eval.pk, **columns)
        return services.custom_eval_create(project=project, **columns)
    return None


@require_POST
@member_required
def custom_eval_select(request: PageRequest) -> HttpResponse:
    """Which of those that the page showed run where none are named; those it did not show stay as they are."""
    require_editor(request)
    project = request.membership.project
    mine = {str(key) for key in CustomEval.objects.filter(project=project).values_list("pk", flat=True)}
    shown = mine & set(request.POST.getlist("shown")[:PAGE_SIZE])
    ticked = shown & set(request.POST.getlist("custom_eval")[:PAGE_SIZE])
    kept = CustomEval.objects.filter(project=project, is_selected=True).values_list("pk", flat=True)
    keys = {key for key in kept if str(key) not in shown} | {uuid.UUID(key) for key in ticked}
    try:
        services.custom_evals_select(project=project, keys=keys)
        messages.success(request, "Saved which custom evals run where none are named.")
    except ValidationError:  # one of them was deleted meanwhile
        messages.error(request, "Nothing was saved: somebody deleted one of them meanwhile.")
    return redirect(reverse("custom-eval-list"))


@require_POST
@member_required
def custom_eval_delete(request: PageRequest, custom_eval_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, custom_eval_id)
    require_editor(request)
    with gone_is_404(CustomEval.DoesNotExist):
        services.custom_eval_delete(project=request.membership.project, custom_eval_id=found.pk)
    messages.success(request, "The custom eval is deleted. Its results stay.")
    return redirect("custom-eval-list")
