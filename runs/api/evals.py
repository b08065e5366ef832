"""The runs of the dialect /api/v1: four ways to start one, their list, and one of them. Each parses, calls one service, and renders."""

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agents.api.endpoints import AgentAction, agent_or_404
from agents.models import Agent
from agents.seed_data import DEFAULT_PERSONA
from agents.selectors import agent_key
from agents.shapes import plain
from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.accounts.models import Project
from evalhub.common.paging import read_cursor, write_cursor
from evalhub.common.problems import Problem, invalid, not_found
from runs.api import described
from runs.api.inputs import CURSOR_KEYS, RunListQuery
from runs.bodies import run_body
from runs.budget import BudgetSpent
from runs.models import EvalRun
from runs.selectors import MOST_MESSAGES, Whole, run_get, run_keys, run_list, run_numbered, runs_whole, transcript
from runs.services import Kind, RunRequest, SourceGone, run_create, run_delete
from templates_app.api import template_or_problem
from templates_app.models import EvalTemplate
from templates_app.selectors import default_adaptation_template

Type = EvalTemplate.Type
DEFAULT_PAGE = 20


class Starting(AgentAction):
    """POST /agents/{agent}/…: subclasses say how a body becomes a run."""

    scopes = {"POST": Scope.RUN}
    kind: Kind

    def post(self, request: Request, agent: str) -> Response:
        found = agent_or_404(self.project, agent)
        asked = self.asked(found, self.given)
        try:
            run = run_create(project=self.project, kind=self.kind, request=asked)
        except SourceGone as gone:
            raise no_source(gone) from gone
        except BudgetSpent as spent:
            raise Problem(403, str(spent), code="budget_spent") from None
        return self.answer(run)

    def asked(self, agent: Agent, given: dict[str, Any]) -> RunRequest:
        raise NotImplementedError

    def answer(self, run: EvalRun) -> Response:
        # The contract promises "running", though a worker may need a moment to take the run.
        return Response({"run_id": str(run.id), "status": "running"})

    def rubrics(self, given: dict[str, Any]) -> dict[str, Any]:
        """The templates that the run is judged by."""
        return {
            "template": template_or_problem(self.project, "template_id", given["template_id"], Type.QUALITY),
            "adaptation_template": _adaptation_template(self.project, given),
        }


def _adaptation_template(project: Project, given: dict[str, Any]) -> EvalTemplate | None:
    if given["quality_only"]:
        return None
    if named := given.get("adaptation_template_id"):
        return template_or_problem(project, "adaptation_template_id", named, Type.ADAPTATION)
    return default_adaptation_template(project)


def _picked(given: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: given[key] for key in keys if key in given}


def _persona(given: dict[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = given.get("user_persona") or plain(DEFAULT_PERSONA)
    return named


class Simulate(Starting):
    kind = Kind.SIMULATE
    operations = {"POST": described.SIMULATE}

    def asked(self, agent: Agent, given: dict[str, Any]) -> RunRequest:
        return RunRequest(
            agent=agent,
            user_persona=_persona(given),
            simulation_config=given.get("config", {}),
            **_picked(given, "sessions", "config_override", "model", "user_id"),
        )


class RunEval(Starting):
    kind = Kind.RUN_EVAL
    operations = {"POST": described.RUN_EVAL}

    def asked(self, agent: Agent, given: dict[str, Any]) -> RunRequest:
        return RunRequest(
            agent=agent,
            user_persona=_persona(given),
            **self.rubrics(given),
            **_picked(given, "sessions", "simulation_config", "config_override", "model"),
        )


class Evaluate(Starting):
    kind = Kind.EVALUATE
    operations = {"POST": described.EVALUATE}

    def asked(self, agent: Agent, given: dict[str, Any]) -> RunRequest:
        kept = ("messages", "user_persona", "simulation_config", "simulation_state", "config_override", "model")
        return RunRequest(agent=agent, **self.rubrics(given), **_picked(given, *kept))

    def answer(self, run: EvalRun) -> Response:
        location = {"Location": f"/api/v1/eval-runs/{run.id}"}
        return Response({"run_id": str(run.id), "status": "pending"}, status=202, headers=location)


class EvalOnly(Starting):
    kind = Kind.EVAL_ONLY
    operations = {"POST": described.EVAL_ONLY}

    def asked(self, agent: Agent, given: dict[str, Any]) -> RunRequest:
        source = _source_run(self.project, agent, given["source_run_id"])
        return RunRequest(agent=agent, source_run=source, **self.rubrics(given))


def no_source(run_id: object) -> Problem:
    return not_found("body.source_run_id", "run", str(run_id), where="of this agent")


def _source_run(project: Project, agent: Agent, run_id: uuid.UUID) -> EvalRun:
    """The run whose transcript is judged again. Raises a Problem when it is not this agent's, not over, or says nothing."""
    place = "body.source_run_id"
    source = EvalRun.objects.of(project).filter(pk=run_id, agent=agent).first()
    if source is None:
        raise no_source(run_id)
    if not source.is_final:
        message = f"The source run is {source.status}: it can be judged again once it is over."
        raise invalid(place, message, value=str(run_id), code="conflict", status=409)
    if not source.messages.exists():
        message = "The source run has no transcript, so there is nothing to judge again."
        raise invalid(place, message, value=str(run_id), code="conflict", status=409)
    return source


class EvalRuns(Endpoint):
    """GET /eval-runs, in the form that the query's keys choose: numbered (limit, offset) or by cursor (page_size, cursor)."""

    scopes = {"GET": Scope.READ}
    operations = {"GET": described.LIST}

    def get(self, request: Request) -> Response:
        query = self.query(RunListQuery)
        form = by_cursor if query.keys() & CURSOR_KEYS else numbered
        return Response(form(self.project, _agent_id(self.project, query.get("agent_id", "")), query))


def _agent_id(project: Project, named: str) -> uuid.UUID | None:
    """The agent with this id or name, a deleted one's id too; an id of no runs for a name of nobody. None for "", which asks for all."""
    return (agent_key(project, named) or uuid.uuid4()) if named else None


def numbered(project: Project, agent_id: uuid.UUID | None, query: dict[str, Any]) -> dict[str, Any]:
    """{runs, total_count}: `limit` runs from place `offset` on, counted from the newest."""
    first, size = query.get("offset", 0), query.get("limit", DEFAULT_PAGE)
    keys, total = run_numbered(project=project, agent_id=agent_id, first=first, size=size)
    runs, taken = runs_whole(ids=[run_id for _, run_id in keys])
    if taken < len(keys):
        message = f"These {len(keys)} runs have more than {MOST_MESSAGES:,} messages together. Ask for {taken} or fewer at once."
        raise invalid("query.limit", message, value=size, code="too_large")
    return {"runs": _bodies(runs), "total_count": total}


def by_cursor(project: Project, agent_id: uuid.UUID | None, query: dict[str, Any]) -> dict[str, Any]:
    """{runs, has_more, next_cursor}: the page after a cursor. What is created meanwhile moves none of the later pages.

    A page is shorter than it may be where whole transcripts would make it too large.
    """
    found, after = run_list(project=project, agent_id=agent_id), read_cursor(query.get("cursor", ""))
    keys, more_follow = run_keys(runs=found, size=query.get("page_size", DEFAULT_PAGE), after=after)
    runs, taken = runs_whole(ids=[run_id for _, run_id in keys])
    has_more = more_follow or taken < len(keys)
    return {"runs": _bodies(runs), "has_more": has_more, "next_cursor": write_cursor(*keys[taken - 1]) if has_more else ""}


def _bodies(runs: Sequence[Whole]) -> list[dict[str, Any]]:
    return [run_body(run, messages) for run, messages in runs]


class EvalRunDetail(Endpoint):
    """GET and DELETE /eval-runs/{run_id}."""

    scopes = {"GET": Scope.READ, "DELETE": Scope.WRITE}
    operations = {"GET": described.GET, "DELETE": described.DELETE}

    def get(self, request: Request, run_id: str) -> Response:
        with named(run_id) as key:
            run = run_get(run_id=key, project=self.project)
        return Response(run_body(run, transcript(run=run)))

    def delete(self, request: Request, run_id: str) -> Response:
        with named(run_id) as key:
            run_delete(run_id=key, project=self.project)
        return Response({"success": True})


@contextlib.contextmanager
def named(run_id: str) -> Iterator[uuid.UUID]:
    """The id that a path names, for a block that looks for the run. Raises a 404 Problem when there is no such run, or no such id."""
    try:
        key = uuid.UUID(run_id)
    except ValueError:
        raise not_found("path.run_id", "run", run_id) from None
    try:
        yield key
    except EvalRun.DoesNotExist:
        raise not_found("path.run_id", "run", run_id) from None
