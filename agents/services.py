"""Writes of agents asked for by people. Endpoints, pages and the first start call these; secrets go in here and never come out."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from agents.character import compile_system_prompt, normalise_big5, normalise_dimensions
from agents.models import Agent
from evalhub.accounts.models import Project

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
    known_origin = _origin(agent.endpoint_url)
    for column, value in columns.items():
        setattr(agent, column, value)
    agent.name = name
    agent.character = _character(agent, character or {})
    if endpoint_secret is not None:
        agent.set_secret(endpoint_secret)
    elif _origin(agent.endpoint_url) != known_origin:
        agent.set_secret("")  # a token goes only to the server it was given for, or moving an address would steal it
    _check(agent)
    return _saved(agent)


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
    agent.clean_fields(exclude=["project", "endpoint_url"])  # Django's URL check refuses host names without a dot, as containers have
    if agent.is_endpoint:
        _check_address(agent.endpoint_url)
        return
    if agent.endpoint_url:
        raise ValidationError({"kind": "An agent with an endpoint_url is of kind openai_endpoint or webhook: say which."})
    try:
        compile_system_prompt(agent.character)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def _check_address(address: str) -> None:
    if not address:
        raise ValidationError({"endpoint_url": "An endpoint agent needs the address it is reached at."})
    if len(address) > 500 or not address.isprintable() or " " in address:
        raise ValidationError({"endpoint_url": "Must be an address of at most 500 characters without spaces."})
    scheme, host, _ = _origin(address)
    if scheme not in {"http", "https"} or not host:
        raise ValidationError({"endpoint_url": "Must be an address such as https://example.com/v1, with http or https."})
    if "@" in urlsplit(address).netloc:
        raise ValidationError({"endpoint_url": "Must not carry a user or password; send the token as endpoint_secret."})


def _origin(address: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of an address; all empty for what cannot be read as one."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return "", "", None


def _saved(agent: Agent) -> Agent:
    try:
        with transaction.atomic():
            agent.save(force_insert=agent._state.adding)  # with an id that exists elsewhere, save() must not become an update
    except IntegrityError:
        # A twin request was quicker, or the id is one of another project's: the sender learns only that it cannot be used.
        raise AgentConflict("This agent_id or name cannot be used: it is taken.") from None
    return agent
