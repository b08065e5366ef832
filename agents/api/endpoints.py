"""The agents of the dialect /api/v1: list, create or update, and one of them. `agent_or_404` serves the run endpoints too."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agents.api import described
from agents.api.answers import agent_detail, agent_index
from agents.api.bodies import CHARACTER_KEYS, AgentListQuery
from agents.models import Agent
from agents.selectors import agent_find, agent_list, agent_page
from agents.services import SETTABLE, AgentConflict, agent_delete, agent_update, agent_upsert
from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.accounts.models import Project
from evalhub.common.paging import read_cursor, write_cursor
from evalhub.common.problems import Problem, not_found


def agent_or_404(project: Project, id_or_name: str) -> Agent:
    """The agent that a path names. Raises a 404 Problem."""
    agent = agent_find(project, id_or_name)
    if agent is None:
        raise not_found("path.agent", "agent", id_or_name)
    return agent


class Agents(Endpoint):
    """GET and POST /agents."""

    scopes = {"GET": Scope.READ, "POST": Scope.WRITE}
    operations = {"GET": described.LIST, "POST": described.CREATE}

    def get(self, request: Request) -> Response:
        query = self.query(AgentListQuery)
        agents = agent_list(project=self.project, search=query["search"])
        if query["project_id"] not in ("", str(self.project.id)):
            agents = agents.none()
        page, has_more = agent_page(agents=agents, size=query["page_size"], after=read_cursor(query["cursor"]))
        return Response(
            {
                "items": [agent_index(agent) for agent in page],
                "has_more": has_more,
                "total_count": agents.count(),
                "next_cursor": write_cursor(page[-1].created_at, page[-1].id) if has_more else "",
            }
        )

    def post(self, request: Request) -> Response:
        given = self.given
        if given.get("project_id") not in (None, "", str(self.project.id)):
            raise not_found("body.project_id", "project", given["project_id"])
        with _refusals():
            agent = agent_upsert(project=self.project, name=given["name"], agent_id=given.get("agent_id"), **_changes(given))
        return Response(agent_detail(agent))


class AgentDetail(Endpoint):
    """GET and DELETE /agents/{agent}."""

    scopes = {"GET": Scope.READ, "DELETE": Scope.WRITE}
    operations = {"GET": described.GET, "DELETE": described.DELETE}

    def get(self, request: Request, agent: str) -> Response:
        return Response(agent_detail(agent_or_404(self.project, agent)))

    def delete(self, request: Request, agent: str) -> Response:
        found = agent_or_404(self.project, agent)
        with _refusals(agent):
            agent_delete(agent_id=found.id, project=self.project)
        # Runs stay, so an agent is all that goes; and it goes whole or not at all, so nothing can be left over.
        return Response({"success": True, "status": "ok", "deleted": {"agents": 1}, "errors": []})


class AgentAction(Endpoint):
    """What can be done at /agents/{agent}/{action}. An agent's own name may end so too (`team/profile`): the methods that an action has
    not got, and an agent has, are then those of that agent.
    """

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]  # not Django's
        named = f"{kwargs['agent']}/{request.path.rpartition('/')[2]}"
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method in AgentDetail.scopes and agent_find(self.project, named):
            self.grant.require(AgentDetail.scopes[method])
            detail = AgentDetail(request=request)
            return detail.get(request, named) if method == "GET" else detail.delete(request, named)
        return super().http_method_not_allowed(request, *args, **kwargs)


class AgentProfile(AgentAction):
    """PATCH /agents/{agent}/profile: change what is given."""

    scopes = {"PATCH": Scope.WRITE}
    operations = {"PATCH": described.CHANGE_PROFILE}

    def patch(self, request: Request, agent: str) -> Response:
        found = agent_or_404(self.project, agent)
        with _refusals(agent):
            agent_update(agent_id=found.id, project=self.project, name=self.given.get("name", ""), **_changes(self.given))
        return Response({"success": True})


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a body says about an agent beside its name, as the services take it."""
    return {
        "character": {key: value for key, value in given.items() if key in CHARACTER_KEYS},
        "endpoint_secret": given.get("endpoint_secret"),
        **{key: given[key] for key in SETTABLE if key in given},
    }


@contextmanager
def _refusals(named: str = "") -> Iterator[None]:
    """What a service refuses, as problems; `named` is the agent of the path, which somebody may have deleted since it was found."""
    try:
        yield
    except AgentConflict as conflict:
        raise Problem(409, str(conflict), resource="agent") from None
    except Agent.DoesNotExist:
        raise not_found("path.agent", "agent", named) from None
