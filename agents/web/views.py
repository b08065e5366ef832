"""The pages that make and change an agent. Members may look at the form's preview; editors save."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from agents import services
from agents.clients import why_unserved
from agents.models import Agent
from agents.web.forms import AgentForm
from agents.web.preview import preview_of, preview_of_stored
from evalhub.accounts.gone import comes_back
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from evalhub.common.rows import rows_changed


def agent_or_404(request: PageRequest, agent_id: uuid.UUID) -> Agent:
    return get_object_or_404(Agent, pk=agent_id, project=request.membership.project)


def _again(request: PageRequest, agent_id: uuid.UUID) -> HttpResponse:
    changed = rows_changed(request.POST, AgentForm(request.POST).fields)
    return _page(request, AgentForm(changed or request.POST))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def agent_new(request: PageRequest) -> HttpResponse:
    require_editor(request)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def agent_edit(request: PageRequest, agent_id: uuid.UUID) -> HttpResponse:
    agent = agent_or_404(request, agent_id)
    require_editor(request)
    return _form(request, agent)


def _form(request: PageRequest, agent: Agent | None) -> HttpResponse:
    """The form as it is stored; as it was sent, with a row more or less; or saved and left."""
    if request.method != "POST":
        return _page(request, AgentForm(agent=agent))
    form = AgentForm(request.POST, agent=agent)
    changed = rows_changed(request.POST, form.fields)
    if changed is not None:
        return _page(request, AgentForm(changed, agent=agent).unjudged())
    saved = _saved(request, form) if form.is_valid() else None
    if saved is None:
        return _page(request, form, status=400)
    messages.success(request, f"{saved.name} is saved.")  # its page says where nobody serves its model
    return redirect("agent", saved.id)


def _saved(request: PageRequest, form: AgentForm) -> Agent | None:
    """The agent, or None with what a service refused put beside its field."""
    given = {"character": form.character(), "endpoint_secret": form.secret(), **form.columns()}
    project, name = request.membership.project, form.cleaned_data["name"]
    with gone_is_404(Agent.DoesNotExist), form.refusals(name=services.AgentConflict):
        if form.agent:
            return services.agent_update(agent_id=form.agent.id, project=project, name=name, **given)
        return services.agent_create(project=project, name=name, **given)
    return None


def _page(request: PageRequest, form: AgentForm, status: int = 200) -> HttpResponse:
    preview = preview_of(AgentForm(form.data, agent=form.agent)) if form.is_bound else preview_of_stored(form.agent)
    context = {"form": form, "agent": form.agent, "preview": preview, "unserved": _unserved(request, form)}
    return render(request, "agents/agent_form.html", context, status=status)


def _unserved(request: PageRequest, form: AgentForm) -> str:
    """Why the model as it is typed, or as it is stored, could not be asked. A warning: the provider may be added later."""
    if form.is_bound:
        form.is_valid()
        kind, model = form.columns()["kind"], form.columns()["model"]
    else:
        kind, model = (form.agent.kind, form.agent.model) if form.agent else (Agent.Kind.CHARACTER, "")
    return why_unserved(request.membership.project, kind=kind, model=model)


@require_POST
@never_cache
@member_required
def agent_preview(request: PageRequest, agent_id: uuid.UUID | None = None) -> HttpResponse:
    """The part of the form's page that follows what is typed. Nothing is stored."""
    agent = agent_or_404(request, agent_id) if agent_id else None
    form = AgentForm(request.POST, agent=agent)
    return render(request, "agents/_preview.html", {"preview": preview_of(form), "unserved": _unserved(request, form)})


@require_POST
@member_required
def agent_duplicate(request: PageRequest, agent_id: uuid.UUID) -> HttpResponse:
    agent = agent_or_404(request, agent_id)
    require_editor(request)
    with gone_is_404(Agent.DoesNotExist):
        copy = services.agent_duplicate(agent_id=agent.id, project=request.membership.project)
    messages.success(request, f"This is a copy of {agent.name}. Give it a name of its own.")
    return redirect("agent-edit", copy.id)


@require_POST
@member_required
def agent_delete(request: PageRequest, agent_id: uuid.UUID) -> HttpResponse:
    agent = agent_or_404(request, agent_id)
    require_editor(request)
    with gone_is_404(Agent.DoesNotExist):
        services.agent_delete(agent_id=agent.id, project=request.membership.project)
    messages.success(request, f"{agent.name} is deleted. Its runs stay.")
    return redirect("agent-list")


@require_POST
@member_required
def agent_active(request: PageRequest, agent_id: uuid.UUID) -> HttpResponse:
    """Offer the agent where a run is started, or no longer; `active` is 1 or empty."""
    agent = agent_or_404(request, agent_id)
    require_editor(request)
    active = bool(request.POST.get("active"))
    with gone_is_404(Agent.DoesNotExist):
        services.agent_update(agent_id=agent.id, project=request.membership.project, is_active=active)
    messages.success(request, f"{agent.name} is {'active' if active else 'inactive: it is offered for no new run'}.")
    return redirect("agent", agent.id)
