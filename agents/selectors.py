"""Reads of agents and providers: which one a name means, the pages of a project's list, and what its providers are asked just now."""

import uuid

from django.db.models import QuerySet

from agents.clients import environment_providers
from agents.limits.keys import environment_key, provider_key
from agents.limits.states import ProviderState, loads_of, with_load, without_use
from agents.models import Agent, ModelPrice, ModelProvider
from evalhub.accounts.models import Project
from evalhub.common.ids import id_or_none
from evalhub.common.paging import Keyset, first_rows, rows_after

MOST_PRICES = 500


def agent_find(project: Project, id_or_name: str) -> Agent | None:
    """The agent with this id, else the one of this name; None also for another project's."""
    agents = Agent.objects.filter(project=project)
    key = id_or_none(id_or_name)
    if key is None:
        # A path may say %00, which PostgreSQL refuses with an error of its own.
        return None if "\x00" in id_or_name else agents.filter(name=id_or_name).first()
    return agents.filter(id=key).first() or agents.filter(name=id_or_name).first()


def agent_key(project: Project, id_or_name: str) -> uuid.UUID | None:
    """The id of the agent that is meant. A UUID that leads to none is taken for a deleted agent's; None for a name of nobody."""
    agent = agent_find(project, id_or_name)
    return agent.id if agent else id_or_none(id_or_name)


def agent_list(*, project: Project, search: str = "") -> QuerySet[Agent]:
    """Newest first; `search` is part of a name."""
    agents = Agent.objects.filter(project=project).order_by("-created_at", "-id")
    return agents.filter(name__icontains=search) if search else agents


def agent_page(*, agents: QuerySet[Agent], size: int, after: Keyset | None = None) -> tuple[list[Agent], bool]:
    """A page by keyset, and whether more follows. An agent made meanwhile moves nothing. The wide columns stay in the database."""
    return first_rows(rows_after(agents, after).defer("character", "endpoint_secret_encrypted"), size)


def provider_loads(project: Project, *, of_all: bool = False) -> list[ProviderState]:
    """The project's providers, oldest first, then the environment's that none of them hides, with their limits and use. Two queries.

    Every project asks the environment's: how much they are asked is told only `of_all`, to who looks after the installation.
    """
    rows = list(ModelProvider.objects.filter(project=project).defer("secret_encrypted"))
    states = {provider_key(row.id): _configured(row) for row in rows}
    hidden = {row.name for row in rows if row.is_active}
    for name, provider in environment_providers().items():
        if name not in hidden:
            states[environment_key(name)] = ProviderState(name, provider.kind, provider.base_url)
    loads = loads_of(states)
    shown = [with_load(state, loads.get(key)) for key, state in states.items()]
    return [state if of_all or state.provider_id else without_use(state) for state in shown]


def provider_load(provider: ModelProvider) -> ProviderState:
    """The same for one provider. One query."""
    key = provider_key(provider.id)
    return with_load(_configured(provider), loads_of([key]).get(key))


def provider_names(project: Project) -> list[str]:
    """What may stand before the slash in provider/model, but for the demo models. One query."""
    own = list(ModelProvider.objects.filter(project=project).order_by("created_at").values_list("name", flat=True))
    return [*own, *(name for name in environment_providers() if name not in own)]


def provider_prices(project: Project, provider: str = "") -> list[ModelPrice]:
    """The project's own prices, of one provider or of all, with who set them. One query."""
    prices = ModelPrice.objects.filter(project=project).select_related("changed_by")
    return list((prices.filter(provider=provider) if provider else prices)[:MOST_PRICES])


def price_find(project: Project, price_id: str) -> ModelPrice | None:
    """The project's price with this id; None for what is no id too. A query where it may be one."""
    key = id_or_none(price_id)
    return ModelPrice.objects.filter(project=project, pk=key).first() if key else None


def _configured(row: ModelProvider) -> ProviderState:
    return ProviderState(
        name=row.name,
        kind=row.kind,
        base_url=row.base_url,
        provider_id=row.id,
        is_active=row.is_active,
        max_concurrent=row.max_concurrent,
        requests_per_minute=row.requests_per_minute,
    )
