"""The list of agents and the page of one, with what their runs say about them. Members read."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from agents import selectors
from agents.clients import why_unserved
from agents.models import Agent
from agents.web.preview import preview_of_stored
from agents.web.views import agent_or_404
from evalhub.accounts.models import Project
from evalhub.common.charts import Line
from evalhub.common.paging import Keyset, read_cursor, write_cursor
from evalhub.common.problems import Problem
from runs import agent_figures
from runs.agent_figures import Figures
from runs.chats import model_name
from runs.selectors import run_list
from runs.web.access import PageRequest, member_required
from runs.web.trend import course, trend

PAGE_SIZE = 30
RUNS_SHOWN = 10
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Row:
    """An agent in the list."""

    agent: Agent
    figures: Figures
    spark: Line


@dataclass(frozen=True, slots=True)
class Page:
    """`more_href` asks for the rows after these, "" at the end."""

    rows: Sequence[Row]
    search: str
    more_href: str
    is_first: bool


@require_GET
@member_required
def agent_list(request: PageRequest) -> HttpResponse:
    """Newest first. htmx gets the table alone: the next rows, or those of another search."""
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH].replace("\x00", "")
    page = _page(request.membership.project, search, _place(request.GET.get("after", "")))
    template = "runs/agents/_rows.html" if request.htmx else "runs/agents/list.html"
    response = render(request, template, {"page": page, "may_write": request.membership.may_write})
    response["Vary"] = "HX-Request"  # one address, two answers: a cache must not mix them
    return response


def _page(project: Project, search: str, after: Keyset | None) -> Page:
    """Two queries, however many agents and runs there are."""
    agents = agent_figures.with_stretch(selectors.agent_list(project=project, search=search))
    found, more = selectors.agent_page(agents=agents, size=PAGE_SIZE, after=after)
    figures = agent_figures.figures(project=project, agents=found)
    rows = [Row(agent, known := figures.get(agent.id, Figures()), course(f"spark-{agent.id}", known)) for agent in found]
    return Page(rows, search, _href(search, found[-1]) if more else "", after is None)


def _href(search: str, last: Agent) -> str:
    query = {"q": search, "after": write_cursor(last.created_at, last.id)}
    return f"{reverse('agent-list')}?{urlencode({name: value for name, value in query.items() if value})}"


def _place(cursor: str) -> Keyset | None:
    try:
        return read_cursor(cursor)
    except Problem:
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


@require_GET
@never_cache
@member_required
def agent(request: PageRequest, agent_id: uuid.UUID) -> HttpResponse:
    """An agent of the project; another project's does not exist."""
    found = agent_or_404(request, agent_id)
    project = request.membership.project
    stretched = agent_figures.with_stretch(Agent.objects.filter(pk=found.pk))
    known = agent_figures.figures(project=project, agents=stretched).get(found.id, Figures())
    context = {
        "agent": found,
        "model": model_name(found),
        "figures": known,
        "trend": trend(known),
        "runs": run_list(project=project, agent_id=found.id)[:RUNS_SHOWN],
        "preview": preview_of_stored(found),
        "unserved": why_unserved(project, kind=found.kind, model=found.model),
        "may_write": request.membership.may_write,
    }
    return render(request, "runs/agents/agent.html", context)
