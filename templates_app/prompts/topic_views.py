"""Topics on one page: their numbers, a new one, another name, and out of use. And the import of a table, which makes topics too."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.gone import comes_back
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from templates_app.models import PromptTopic
from templates_app.prompts import importing, platforms, selectors, services
from templates_app.prompts.content import sentence
from templates_app.prompts.forms import ImportForm, TopicForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def topic_list(request: PageRequest) -> HttpResponse:
    """All in use, and the form of a new one."""
    form = TopicForm()
    if request.method == "POST":
        require_editor(request)
        form = TopicForm(request.POST)
        if form.is_valid() and (made := _made(request, form)):
            messages.success(request, f"The topic {made.name} is there.")
            return redirect("topic-list")
    return _page(request, form, 400 if form.is_bound else 200)


def _made(request: PageRequest, form: TopicForm) -> PromptTopic | None:
    with form.refusals(name=services.TopicConflict):
        return services.topic_create(project=request.membership.project, name=form.cleaned_data["name"])
    return None


def _page(request: PageRequest, form: TopicForm, status: int, **renamed: Any) -> HttpResponse:
    project = request.membership.project
    context = {
        "form": form,
        "topics": selectors.topics_counted(project=project),
        "archived": selectors.topic_list(project=project, archived=True),
        "may_write": request.membership.may_write,
    }
    return render(request, "prompts/topics.html", context | renamed, status=status)


def _or_404(request: PageRequest, topic_id: uuid.UUID) -> PromptTopic:
    return get_object_or_404(PromptTopic, pk=topic_id, project=request.membership.project, archived_at=None)


def _again(request: PageRequest, topic_id: uuid.UUID) -> HttpResponse:
    return _page(request, TopicForm(request.POST), 404)


@require_POST
@member_required
@comes_back(_again)
def topic_rename(request: PageRequest, topic_id: uuid.UUID) -> HttpResponse:
    """A name that cannot be comes back to be corrected, beside its topic."""
    found = _or_404(request, topic_id)
    require_editor(request)
    name = request.POST.get("name", "")
    try:
        with gone_is_404(PromptTopic.DoesNotExist):
            renamed = services.topic_rename(topic_id=found.pk, project=request.membership.project, name=name)
    except (services.TopicConflict, ValidationError) as error:
        said = sentence(error) if isinstance(error, ValidationError) else str(error)
        return _page(request, TopicForm(), 400, renamed_id=found.pk, renamed_name=name, rename_error=said)
    messages.success(request, f"{found.name} is now called {renamed.name}.")
    return redirect("topic-list")


@require_POST
@member_required
def topic_delete(request: PageRequest, topic_id: uuid.UUID) -> HttpResponse:
    """With the prompts it has, which are archived."""
    found = _or_404(request, topic_id)
    require_editor(request)
    with gone_is_404(PromptTopic.DoesNotExist):
        services.topic_delete(topic_id=found.pk, project=request.membership.project, archive_prompts=True)
    messages.success(request, f"The topic {found.name} is out of use, and so are its prompts.")
    return redirect("topic-list")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def prompt_import(request: PageRequest) -> HttpResponse:
    """First what would happen; with `confirmed`, it happens."""
    require_editor(request)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if not form.is_bound or not form.is_valid():
        return render(request, "prompts/import.html", {"form": form}, status=400 if form.is_bound else 200)
    project, read = request.membership.project, form.cleaned_data["read"]
    if "confirmed" not in request.POST:
        preview = importing.preview(project=project, read=read)
        unknown = platforms.unknown(project, (name for line in preview.table.good for name in line.platforms))
        context = {"form": form, "preview": preview}
        if unknown:
            context |= {"note": platforms.note(unknown), "platforms": platforms.known(project)}
        return render(request, "prompts/preview.html", context)
    made = importing.prompts_import(project=project, read=read)
    messages.success(request, f"{len(made.created):,} prompt{'' if len(made.created) == 1 else 's'} imported.")
    return redirect("prompt-list")
