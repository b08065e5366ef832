"""What is done with the runs that are ticked in the list: parse the selection, call one service, say what became of them."""

import uuid
from collections.abc import Callable, Mapping

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from evalhub.common.ids import id_or_none
from runs import bulk
from runs.web.access import PageRequest, member_required, require_editor
from templates_app.models import EvalTemplate
from templates_app.selectors import template_list

Said = tuple[int, str]  # a level of Django's messages and the sentence


@require_POST
@member_required
def run_bulk(request: PageRequest) -> HttpResponse:
    """Do `action` with the selected runs, and go back to the list with its filters."""
    require_editor(request)
    act = ACTIONS.get(request.POST.get("action", ""))
    if act is None:
        raise SuspiciousOperation("The form names nothing that can be done with runs.")
    ids = selected(request)
    level, sentence = act(request, ids) if ids else (messages.WARNING, "No run was selected.")
    messages.add_message(request, level, sentence)
    back = QueryDict(request.POST.get("back", "")).urlencode()
    return redirect(f"{reverse('run-list')}?{back}" if back else reverse("run-list"))


def selected(request: PageRequest) -> list[uuid.UUID]:
    """The ids of the ticked rows, each once. Raises SuspiciousOperation for more than one request may work on."""
    ids = list(dict.fromkeys(key for key in map(id_or_none, request.POST.getlist("run")) if key))
    if len(ids) > bulk.MOST_RUNS:
        raise SuspiciousOperation(f"{len(ids)} runs are selected; {bulk.MOST_RUNS} at once are the most.")
    return ids


def _cancel(request: PageRequest, ids: list[uuid.UUID]) -> Said:
    return messages.SUCCESS, bulk.runs_cancel(run_ids=ids, project=request.membership.project)


def _delete(request: PageRequest, ids: list[uuid.UUID]) -> Said:
    return messages.SUCCESS, bulk.runs_delete(run_ids=ids, project=request.membership.project)


def _rejudge(request: PageRequest, ids: list[uuid.UUID]) -> Said:
    project, named = request.membership.project, id_or_none(request.POST.get("template", ""))
    template = template_list(project=project, template_type=EvalTemplate.Type.QUALITY).filter(pk=named).first() if named else None
    if template is None:
        return messages.ERROR, "Nothing was judged again: choose one of the templates."
    return messages.SUCCESS, bulk.runs_rejudge(run_ids=ids, project=project, template=template)


ACTIONS: Mapping[str, Callable[[PageRequest, list[uuid.UUID]], Said]] = {"cancel": _cancel, "delete": _delete, "rejudge": _rejudge}
