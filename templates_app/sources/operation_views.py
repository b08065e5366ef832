"""Pages of one operation: what it is, what a model is told of it, its form where it is entered by hand, and the form of its eval."""

import json
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back, typed_page
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from templates_app.models import ApiOperation, ApiSource, EvalDefinition, SourceType
from templates_app.openapi.task import request_task
from templates_app.sources import definitions, selectors, services
from templates_app.sources.forms import DefinitionForm, OperationForm
from templates_app.sources.views import GONE, source_or_404


@require_GET
@member_required
def operation(request: PageRequest, operation_id: uuid.UUID) -> HttpResponse:
    """Everything that is known of an operation, with its evals."""
    found = _or_404(request, operation_id)
    evals = selectors.definitions_of(operation=found)
    context = {
        "operation": found,
        "source": found.source,
        "evals": [(each, json.dumps(each.run_context, ensure_ascii=False) if each.run_context else "") for each in evals],
        "parameters": [{**each, "schema": json.dumps(each["schema"], ensure_ascii=False)} for each in found.snapshot.get("parameters", [])],
        "responses": found.snapshot.get("responses", {}),
        "task": _task(found, evals[0] if evals else None),
        "is_rest": found.source.source_type == SourceType.REST_API,
        "may_write": request.membership.may_write,
    }
    return render(request, "sources/operation.html", context)


def _or_404(request: PageRequest, operation_id: uuid.UUID) -> ApiOperation:
    with gone_is_404(*GONE):
        return selectors.operation_get(project=request.membership.project, operation_id=operation_id)


def _task(found: ApiOperation, asked: EvalDefinition | None) -> str:
    """What a model is told, but for variables, which are those of the environment it runs in; "" for what has no document."""
    if not found.snapshot:
        return ""
    with_docs = asked is None or asked.docs_mode != EvalDefinition.DocsMode.EXCLUDE
    prompt = asked.custom_prompt if asked else ""
    return request_task(found.snapshot, with_docs=with_docs, custom_prompt=prompt, base_url=found.source.api_base_url)


def _not_by_hand(request: PageRequest, source: ApiSource) -> HttpResponse | None:
    """Where to go instead when the operations of a source come from its document."""
    if source.source_type != SourceType.REST_API:
        return None
    messages.error(request, "Operations of a REST API come from its document: import it again to change them.")
    return redirect("source", source.pk)


def _again(request: PageRequest, operation_id: uuid.UUID) -> HttpResponse:
    """A new one of the source that the form names; the fields alone where that is gone, too."""
    try:
        named = uuid.UUID(request.POST.get("source", ""))
        source = selectors.source_get(project=request.membership.project, source_id=named)
    except (ValueError, ApiSource.DoesNotExist):
        return typed_page(request, OperationForm(request.POST))
    return _form_page(request, source, None, OperationForm(request.POST))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
@comes_back(lambda request, source_id: typed_page(request, OperationForm(request.POST)))
def operation_new(request: PageRequest, source_id: uuid.UUID) -> HttpResponse:
    found = source_or_404(request, source_id)
    require_editor(request)
    return _not_by_hand(request, found) or _form(request, found, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def operation_edit(request: PageRequest, operation_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, operation_id)
    require_editor(request)
    return _not_by_hand(request, found.source) or _form(request, found.source, found)


def _form(request: PageRequest, source: ApiSource, found: ApiOperation | None) -> HttpResponse:
    form = OperationForm(request.POST if request.method == "POST" else None, operation=found)
    saved = _saved(request, source, found, form) if form.is_bound and form.is_valid() else None
    if saved is None:
        return _form_page(request, source, found, form)
    messages.success(request, f"{saved.path} is saved.")
    return redirect("operation-new", source.pk) if "another" in request.POST else redirect("operation", saved.pk)


def _form_page(request: PageRequest, source: ApiSource, found: ApiOperation | None, form: OperationForm) -> HttpResponse:
    context = {"form": form, "source": source, "operation": found}
    return render(request, "sources/operation_form.html", context, status=400 if form.is_bound else 200)


def _saved(request: PageRequest, source: ApiSource, found: ApiOperation | None, form: OperationForm) -> ApiOperation | None:
    project, columns = request.membership.project, form.cleaned_data
    with gone_is_404(*GONE), form.refusals():
        if found:
            return services.operation_update(project=project, operation_id=found.pk, **columns)
        return services.operation_create(project=project, source_id=source.pk, **columns)
    return None


@require_POST
@member_required
def operation_delete(request: PageRequest, operation_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, operation_id)
    require_editor(request)
    if elsewhere := _not_by_hand(request, found.source):
        return elsewhere
    with gone_is_404(*GONE):
        services.operation_delete(project=request.membership.project, operation_id=found.pk)
    messages.success(request, f"{found.path} is deleted. What has run stays.")
    return redirect("source", found.source_id)


def _definition_again(request: PageRequest, definition_id: uuid.UUID) -> HttpResponse:
    """An eval comes and goes with its operation: there is none to make."""
    profiles = list(selectors.profile_list(project=request.membership.project))
    return typed_page(request, DefinitionForm(request.POST, definition=EvalDefinition(), profiles=profiles))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_definition_again)
def definition(request: PageRequest, definition_id: uuid.UUID) -> HttpResponse:
    """How an operation is asked and judged."""
    project = request.membership.project
    with gone_is_404(*GONE):
        found = definitions.definition_get(project=project, definition_id=definition_id)
    require_editor(request)
    if found.operation is None:
        return redirect("custom-eval", found.custom_eval_id)
    profiles = list(selectors.profile_list(project=project, source=found.operation.source))
    form = DefinitionForm(request.POST if request.method == "POST" else None, definition=found, profiles=profiles)
    if form.is_bound and form.is_valid() and _updated(request, found, form):
        messages.success(request, "The eval is saved. Batches that have begun keep it as it was.")
        return redirect("operation", found.operation_id)
    context: dict[str, Any] = {"form": form, "definition": found, "operation": found.operation, "source": found.operation.source}
    context["has_profiles"] = bool(profiles)
    return render(request, "sources/definition.html", context, status=400 if form.is_bound else 200)


def _updated(request: PageRequest, found: EvalDefinition, form: DefinitionForm) -> bool:
    with gone_is_404(*GONE), form.refusals():
        definitions.definition_update(definition_id=found.pk, project=request.membership.project, **form.cleaned_data)
    return not form.errors
