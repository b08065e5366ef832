"""Writes of agents asked for by people. Endpoints, pages and the first start call these; secrets go in here and never come out."""

import itertools
import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.addresses import origin
from agents.character import normalise_big5, normalise_dimensions
from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.names import CASE, free_name, twin_beside

COPY = " (copy)"
NAME_LENGTH = 200
SETTABLE = ("kind", "model", "endpoint_url", "reply_path", "timeout_seconds", "is_active")
_SCALES = {"big5": normalise_big5, "dimensions": normalise_dimensions}


class AgentConflict(Exception):
    """Name or id of the agent are taken by another one; the message says which."""


@transaction.atomic
def agent_upsert(
    *,
    project: Project,
    name: str,
    agent_id: uuid.UUID | None = None,
    character: Mapping[str, Any] | None = None,
    endpoint_secret: str | None = None,
    **columns: Any,
) -> Agent:
    """Make an agent, or change the one with this id or (without an id) this name. What is not given stays as it was.

    `columns` are those of SETTABLE. Raises AgentConflict, and ValidationError that names the field.
    """
    if unknown := set(columns) - set(SETTABLE):
        raise TypeError(f"agent_upsert got unknown columns: {', '.join(sorted(unknown))}")
    agent = _present(project, name, agent_id) or Agent(project=project, **({"id": agent_id} if agent_id else {}))
    _refuse_twin(agent, name)
    known_origin = origin(agent.endpoint_url)
    for column, value in columns.items():
        setattr(agent, column, value)
    agent.name = name
    agent.character = _character(agent, character or {})
    if endpoint_secret is not None:
        agent.set_secret(endpoint_secret)
    elif origin(agent.endpoint_url) != known_origin:
        agent.set_secret("")  # a token goes only to the server it was given for, or moving an address would steal it
    _check(agent)
    return _saved(agent)


def _refuse_twin(agent: Agent, name: str) -> None:
    """Raises AgentConflict where a new name is another agent's but for case."""
    if taken := twin_beside(agent, name, before="" if agent._state.adding else agent.name):
        raise AgentConflict(f"Another agent of this project is already named {taken!r}; {CASE}.")


def agent_create(*, project: Project, name: str, **given: Any) -> Agent:
    """Make an agent; `given` is what `agent_upsert` takes. Raises AgentConflict where the name is taken, and ValidationError."""
    return agent_upsert(project=project, name=name, agent_id=uuid.uuid4(), **given)


@transaction.atomic
def agent_duplicate(*, agent_id: uuid.UUID, project: Project) -> Agent:
    """The same agent under a name that is free, its token included: the address is the same. Raises Agent.DoesNotExist."""
    agent = _locked(agent_id, project)
    begun = agent.name[: NAME_LENGTH - len(COPY) - 4]
    name = free_name(Agent.objects.filter(project=project), begun, (f"{begun}{_copy(number)}" for number in itertools.count(1)))
    agent.pk, agent._state.adding, agent.name = uuid.uuid4(), True, name
    agent.character = {**agent.character, "name": name}
    agent.created_at = timezone.now()
    return _saved(agent)


def _copy(number: int) -> str:
    return COPY if number == 1 else f"{COPY[:-1]} {number})"


@transaction.atomic
def agent_update(*, agent_id: uuid.UUID, project: Project, name: str = "", **changes: Any) -> Agent:
    """Change an agent that is there: its name unless that is "", and whatever else `agent_upsert` takes.

    Raises Agent.DoesNotExist, AgentConflict, and ValidationError that names the field.
    """
    agent = _locked(agent_id, project)
    return agent_upsert(project=project, name=name or agent.name, agent_id=agent.id, **changes)


@transaction.atomic
def agent_delete(*, agent_id: uuid.UUID, project: Project) -> None:
    """Remove an agent. Its runs stay, and those of a character go on from their snapshot. Raises Agent.DoesNotExist."""
    _locked(agent_id, project).delete()


def _locked(agent_id: uuid.UUID, project: Project) -> Agent:
    return Agent.objects.select_for_update().get(pk=agent_id, project=project)


def _present(project: Project, name: str, agent_id: uuid.UUID | None) -> Agent | None:
    """The agent to change, locked."""
    agents = Agent.objects.select_for_update().filter(project=project)
    if agent_id is None:
        return agents.filter(name=name).first()
    if agents.filter(name=name).exclude(id=agent_id).exists():
        raise AgentConflict(f"Another agent of this project is already named {name!r}.")
    return agents.filter(id=agent_id).first()


def _character(agent: Agent, given: Mapping[str, Any]) -> dict[str, Any]:
    """The old character with what is given laid over it, key by key; scores on one scale."""
    try:
        scaled = {key: _SCALES[key](value) if key in _SCALES else value for key, value in given.items()}
    except ValueError as error:
        raise ValidationError(str(error)) from None
    return {**agent.character, **scaled, "name": agent.name}


def _check(agent: Agent) -> None:
    agent.clean_fields(exclude=["project"])
    agent.clean()


def _saved(agent: Agent) -> Agent:
    try:
        with transaction.atomic():
            agent.save(force_insert=agent._state.adding)  # with an id that exists elsewhere, save() must not become an update
    except IntegrityError:
        # A twin request was quicker, or the id is one of another project's: the sender learns only that it cannot be used.
        raise AgentConflict("This agent_id or name cannot be used: it is taken.") from None
    return agent
