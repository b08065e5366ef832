"""Pages of prompts: the list with its filters, the form, what is done with many, and the file. Members read; editors write."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from evalhub.common.downloads import download
from evalhub.common.paging import Keyset, read_cursor, write_cursor
from evalhub.common.problems import Problem
from templates_app.models import Prompt, PromptTopic
from templates_app.prompts import platforms, selectors, services, table
from templates_app.prompts.filters import Asked, asked_of
from templates_app.prompts.forms import PromptForm, split_words

PAGE_SIZE = 50
MOST_PICKED = 200
EXPORT_CHUNK = 500
DONE: Mapping[str, tuple[str, str]] = {
    "activate": (Prompt.Status.ACTIVE, "active"),
    "deactivate": (Prompt.Status.INACTIVE, "inactive"),
    "archive": (Prompt.Status.ARCHIVED, "archived"),
}


@require_GET
@member_required
def prompt_list(request: PageRequest) -> HttpResponse:
    """Newest first. htmx gets the rows alone: the next ones, or those of other filters."""
    project, asked, after = request.membership.project, asked_of(request.GET), _place(request.GET.get("after", ""))
    wanted = selectors.prompt_list(project=project, wanted=asked.wanted)
    prompts, more = selectors.prompt_page(prompts=wanted, size=PAGE_SIZE, after=after)
    context = {
        "prompts": prompts,
        "asked": asked,
        "is_first": after is None,
        "more_href": _href(asked, write_cursor(prompts[-1].created_at, prompts[-1].id)) if more else "",
        "may_write": request.membership.may_write,
    }
    if not request.htmx:
        context |= _frame(request, asked, more or after is not None, len(prompts))
    response = render(request, "prompts/_rows.html" if request.htmx else "prompts/list.html", context)
    response["Vary"] = "HX-Request"  # one address, two answers: a cache must not mix them
    return response


def _frame(request: PageRequest, asked: Asked, beyond: bool, seen: int) -> dict[str, Any]:
    """What stands around the rows. All that match are counted only where the page does not show them all."""
    project = request.membership.project
    counts = selectors.prompt_counts(project=project)
    matching = selectors.prompt_list(project=project, wanted=asked.wanted).order_by().count() if beyond else seen
    return {
        "counts": counts,
        "has_prompts": any(counts.values()),
        "matching": matching,
        "topics": selectors.topic_list(project=project),
        "platforms": selectors.platforms_named(project=project),
        "status_choices": [("", "In use"), *Prompt.Status.choices, ("all", "All")],
        "most": MOST_PICKED,
    }


def _href(asked: Asked, after: str) -> str:
    return f"{reverse('prompt-list')}?{urlencode({**asked.query, 'after': after})}"


def _place(cursor: str) -> Keyset | None:
    try:
        return read_cursor(cursor)
    except Problem:
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


def _again(request: PageRequest, prompt_id: uuid.UUID) -> HttpResponse:
    return _page(request, PromptForm(request.POST, project=request.membership.project))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def prompt_new(request: PageRequest) -> HttpResponse:
    require_editor(request)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def prompt(request: PageRequest, prompt_id: uuid.UUID) -> HttpResponse:
    """The form for editors; a viewer reads the same as a page."""
    found = _or_404(request, prompt_id)
    if not request.membership.may_write:
        if request.method == "POST":
            require_editor(request)
        return render(request, "prompts/prompt.html", {"prompt": found})
    return _form(request, found)


def _or_404(request: PageRequest, prompt_id: uuid.UUID) -> Prompt:
    prompts = Prompt.objects.select_related("topic", "template").prefetch_related("tags")
    return get_object_or_404(prompts, pk=prompt_id, project=request.membership.project)


def _form(request: PageRequest, found: Prompt | None) -> HttpResponse:
    project = request.membership.project
    if request.method != "POST":
        return _page(request, PromptForm(project=project, prompt=found, topic=request.GET.get("topic", "")))
    form = PromptForm(request.POST, project=project, prompt=found)
    saved = _saved(request, form) if form.is_valid() else None
    if saved is None:
        return _page(request, form, status=400)
    messages.success(request, "The prompt is saved.")
    if unknown := platforms.unknown(project, saved.platform_ids):
        messages.warning(request, platforms.note(unknown))
    if found is None and "another" in request.POST:
        return redirect(f"{reverse('prompt-new')}?{urlencode({'topic': saved.topic_id})}")
    return redirect("prompt-list")


def _saved(request: PageRequest, form: PromptForm) -> Prompt | None:
    """The prompt, or None with what a service refused put beside its field."""
    project, columns = request.membership.project, form.columns()
    if not form.prompt and selectors.prompt_is_there(project=project, topic_id=form.cleaned_data["topic_id"], **form.asked()):
        form.add_error("text", "This topic has this prompt already. Change that one, or write another.")
        return None
    try:
        with gone_is_404(Prompt.DoesNotExist), form.refusals(new_topic=services.TopicConflict), transaction.atomic():
            topic_id = _topic_of(request, form)
            if form.prompt:
                if str(topic_id) != str(form.prompt.topic_id):
                    columns["topic_id"] = topic_id
                return services.prompt_update(prompt_id=form.prompt.pk, project=project, **columns)
            return services.prompt_create(project=project, topic_id=topic_id, **columns)
    except PromptTopic.DoesNotExist:
        form.add_error("topic_id", services.NO_TOPIC)
    return None


def _topic_of(request: PageRequest, form: PromptForm) -> uuid.UUID | str:
    """The new topic, where one is named: what was typed last is meant."""
    data = form.cleaned_data
    if not data["new_topic"]:
        return str(data["topic_id"])
    return services.topic_create(project=request.membership.project, name=data["new_topic"]).pk


def _page(request: PageRequest, form: PromptForm, status: int = 200) -> HttpResponse:
    project = request.membership.project
    context: dict[str, Any] = {"form": form, "prompt": form.prompt, "platforms": platforms.known(project)}
    if unknown := platforms.unknown(project, split_words(form["platform_ids"].value() or "")):
        context["note"] = platforms.note(unknown)
    return render(request, "prompts/form.html", context, status=status)


@require_POST
@member_required
def prompt_delete(request: PageRequest, prompt_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, prompt_id)
    require_editor(request)
    with gone_is_404(Prompt.DoesNotExist):
        services.prompt_delete(prompt_id=found.pk, project=request.membership.project)
    messages.success(request, "The prompt is deleted. Answers that were given to it stay.")
    return redirect("prompt-list")


@require_POST
@member_required
def prompt_bulk(request: PageRequest) -> HttpResponse:
    """Do `action` with the ticked prompts, and go back to the list with its filters."""
    require_editor(request)
    done = DONE.get(request.POST.get("action", ""))
    if done is None:
        raise SuspiciousOperation("The form names nothing that can be done with prompts.")
    picked = _picked(request)
    status, word = done
    changed = services.prompts_set_status(project=request.membership.project, prompt_ids=picked, status=status)
    _say(request, len(picked), changed, word)
    back = asked_of(request.POST).query
    return redirect(f"{reverse('prompt-list')}?{urlencode(back)}" if back else reverse("prompt-list"))


def _picked(request: PageRequest) -> list[uuid.UUID]:
    """Raises SuspiciousOperation for what no page of ours sends."""
    try:
        picked = list(dict.fromkeys(uuid.UUID(key) for key in request.POST.getlist("prompt")))
    except ValueError:
        raise SuspiciousOperation("The form names a prompt that there cannot be.") from None
    if len(picked) > MOST_PICKED:
        raise SuspiciousOperation(f"{len(picked)} prompts are ticked; {MOST_PICKED} at once are the most.")
    return picked


def _say(request: PageRequest, picked: int, changed: int, word: str) -> None:
    if not picked:
        messages.warning(request, "No prompt was ticked.")
        return
    left = f" {picked - changed} were already, or are of an archived topic." if changed < picked else ""
    messages.success(request, f"{changed} prompt{'' if changed == 1 else 's'} {'is' if changed == 1 else 'are'} now {word}.{left}")


@require_GET
@member_required
def prompt_export(request: PageRequest) -> StreamingHttpResponse:
    """All prompts that match, as a table that the import takes back."""
    wanted = selectors.prompt_list(project=request.membership.project, wanted=asked_of(request.GET).wanted)
    rows = wanted.prefetch_related("tags").iterator(chunk_size=EXPORT_CHUNK)
    return download(table.written(rows), name="prompts.csv", content_type="text/csv; charset=utf-8")
