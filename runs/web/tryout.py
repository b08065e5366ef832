"""Beside the editor of templates: the exact prompt of what is typed, and a try-out of it on a past transcript, before anything is saved.

The editor belongs to `templates_app`, which knows neither runs nor judges: its page asks these addresses for what stands beside it.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.ids import id_or_none
from runs import selectors, services
from runs.budget import BudgetSpent
from runs.live import parts
from runs.models import EvalRun
from runs.states import FINAL
from runs.web import judge_preview
from runs.web.access import PageRequest, member_required, require_editor
from templates_app.forms import Editor, draft_content
from templates_app.services import as_content
from templates_app.snapshot import draft_snapshot

OFFERED = 30
PAGE_FIELDS = frozenset({"csrfmiddlewaretoken", "op", "run", "whole", "reading", "may_try"})


@require_POST
@never_cache
@member_required
def template_preview(request: PageRequest) -> HttpResponse:
    """What the judge would be asked. htmx gets the panel (`whole`) or its part that follows the typing; others a page."""
    project, draft = request.membership.project, draft_content(request.POST)
    run = _chosen(project, request.POST.get("run", ""))
    if request.htmx and not request.POST.get("whole"):
        context: dict[str, Any] = {"preview": judge_preview.preview(project, draft, run), "chosen": run}
        return render(request, "runs/_judge_preview.html", context | {"follows": bool(request.POST.get("may_try"))})
    offered, may_try = _offered(project), request.membership.may_write and not request.POST.get("reading")
    if may_try and offered and "run" not in request.POST:
        run = offered[0]  # the sample is for reading alone: trying begins at what can be tried
    shown = judge_preview.preview(project, draft, run)
    context = {"preview": shown, "chosen": run, "offered": offered, "judges": judge_preview.judge_names(shown, offered), "may_try": may_try}
    if request.htmx:
        return render(request, "runs/_tryout_panel.html", context)
    return render(request, "runs/template_preview.html", context | _typed(request))


def _typed(request: PageRequest) -> dict[str, Any]:
    """Everything typed, to be carried back to the editor, and where that is."""
    kept = [(name, value) for name in request.POST if name not in PAGE_FIELDS for value in request.POST.getlist(name)]
    key = id_or_none(request.POST.get("template", ""))
    return {"typed": kept, "editor": reverse("template", args=[key]) if key else reverse("template-new")}


@require_POST
@never_cache
@member_required
def template_try(request: PageRequest) -> HttpResponse:
    """Judge a past transcript by the template as it is typed. htmx gets the run's live scorecard; others the run's page."""
    require_editor(request)
    project = request.membership.project
    editor, source = Editor.checked(request.POST), _chosen(project, request.POST.get("run", ""))
    problems = _problems(editor, source)
    if source and not problems:
        try:
            run = _start(project, editor, source)
        except (BudgetSpent, ValidationError) as refused:
            problems = [str(refused)] if isinstance(refused, BudgetSpent) else refused.messages
        except services.SourceGone:
            problems = ["This run was deleted meanwhile. Choose another transcript."]
        else:
            return _started(request, run)
    context = {"problems": problems}
    if request.htmx:
        return render(request, "runs/_tryout_problems.html", context, status=400)
    return render(request, "runs/template_preview.html", {**context, **_typed(request)}, status=400)


def _problems(editor: Editor, source: EvalRun | None) -> list[str]:
    said = [] if source else ["Choose a transcript of a run first."]
    if editor.is_valid:
        return said
    fields = [f"{editor.form[name].label}: {words[0]}" for name, words in editor.form.errors.items() if name in editor.form.fields]
    rows = [f"Category {row.number + 1}: {words[0]}" for row in editor.rows if row.is_bound for words in row.errors.values()]  # type: ignore[operator]  # bound rows have numbers
    return [*said, *fields, *rows, *editor.problems]


def _start(project: Project, editor: Editor, source: EvalRun) -> EvalRun:
    draft = draft_snapshot(as_content(editor.fields()))
    # Only its id and name are used, which outlive the agent itself.
    agent = Agent(pk=source.agent_id, project=project, name=source.agent_name)
    asked = services.RunRequest(agent=agent, source_run=source, draft=draft)
    return services.run_create(project=project, kind=EvalRun.Kind.EVAL_ONLY, request=asked)


def _started(request: PageRequest, run: EvalRun) -> HttpResponse:
    if not request.htmx:
        return redirect("run", run.id)
    context = parts.run_parts(run)
    context["cards"] = [card for card in context["cards"] if card.state != "none"]
    return render(request, "runs/_tryout.html", context)


def _offered(project: Project) -> Sequence[EvalRun]:
    """Runs with a transcript, newest first."""
    runs = selectors.run_list(project=project).filter(status__in=FINAL, total_turns__gt=0)
    return list(runs[:OFFERED])


def _chosen(project: Project, run_id: str) -> EvalRun | None:
    """A run of this project that is over; None for any other, which is not told apart from one that is not there."""
    key = id_or_none(run_id)
    return EvalRun.objects.of(project).filter(pk=key, status__in=FINAL, total_turns__gt=0).first() if key else None
