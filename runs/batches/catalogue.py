"""What a project can ask: its platforms, the models that can be named without looking further, and its coding agents. Reads no secret."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from agents.clients import DEMO, DEMO_HASTY, DEMO_MODELS, SYNONYMS, VENDOR_DEFAULTS, environment_providers, own_prices
from agents.harnesses import BUILT_IN
from agents.llm.prices import price_of
from agents.llm.spec import OwnPrice
from agents.llm.types import Usage
from agents.models import Harness, ModelProvider
from evalhub.accounts.models import Project
from runs.batches.whom import VENDORS
from runs.models import Target, TargetType

A_MILLION = 1_000_000
DEMO_AGENT, DEMO_OTHER = (name.partition("/")[2] for name in (DEMO_MODELS["agent"], DEMO_HASTY))


@dataclass(frozen=True, slots=True)
class Platform:
    """Somewhere to ask. `model` is what it takes where none is named, "" where there is no such thing; `others` are there as well."""

    name: str
    label: str
    model: str = ""
    kind: str = ""
    base_url: str = ""
    is_agent: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextModel:
    """A model of a platform. Prices are US dollars for a million tokens, None where they are unknown."""

    platform: str
    model: str
    input_usd: Decimal | None
    output_usd: Decimal | None

    @property
    def name(self) -> str:
        return f"{self.platform}/{self.model}"


@dataclass(frozen=True, slots=True)
class CodingAgent:
    """A command line that works in the sandbox. `models` are names it can be told to use; `cost_usd` is about what one eval costs."""

    name: str
    label: str
    models: tuple[str, ...] = ()
    cost_usd: Decimal | None = None


def platforms_of(project: Project) -> list[Platform]:
    """Providers, then the demo models, then coding agents. Two queries."""
    agents = [Platform(each.name, each.label, model=next(iter(each.models), ""), is_agent=True) for each in coding_agents(project)]
    return [*_providers(project), *agents]


def platform_names(project: Project) -> set[str]:
    """What a target may count as: what can be asked, and the vendors that another provider may stand for. Two queries."""
    return {*(each.name for each in platforms_of(project)), *VENDORS, *SYNONYMS}


def text_models(project: Project) -> list[TextModel]:
    """Of each provider its default model and what the project gave a price or configured as a target; demo models. Three queries."""
    prices = own_prices(project)
    named = _named(project, prices)
    return [
        _priced(each, model, prices)
        for each in _providers(project)
        for model in dict.fromkeys([each.model, *each.others, *named.get(each.name, ())])
        if model
    ]


def coding_agents(project: Project) -> list[CodingAgent]:
    """The project's own, each in the place of the built-in one that it is named after. One query."""
    rows = Harness.objects.filter(project=project, is_active=True)
    own = {row.name: CodingAgent(row.name, row.label or row.name, tuple(row.model_names), row.cost_usd) for row in rows}
    return list(({name: CodingAgent(name, each.label) for name, each in BUILT_IN.items()} | own).values())


def _providers(project: Project) -> list[Platform]:
    """A row hides the environment's provider of its name, as in `agents.clients`. One query."""
    rows = (
        ModelProvider.objects.filter(project=project, is_active=True)
        .only("name", "kind", "base_url", "default_model")
        .order_by("created_at")
    )
    own = {row.name: _provider(row.name, row.kind, row.base_url, row.default_model) for row in rows}
    others = (_provider(each.name, each.kind, each.base_url, "") for name, each in environment_providers().items() if name not in own)
    return [*own.values(), *others, Platform(DEMO, "Demo models", model=DEMO_AGENT, kind=DEMO, others=(DEMO_OTHER,))]


def _provider(name: str, kind: str, base_url: str, model: str) -> Platform:
    return Platform(name, name, model or VENDOR_DEFAULTS.get(base_url.rstrip("/"), ""), kind, base_url)


def _named(project: Project, prices: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Models by platform. One query."""
    targets = Target.objects.filter(project=project, target_type=TargetType.TEXT).order_by("execution_platform", "model_id")
    found: dict[str, list[str]] = {}
    for platform, model in chain(prices, targets.values_list("execution_platform", "model_id").distinct()):
        found.setdefault(platform, []).append(model)
    return found


def _priced(platform: Platform, model: str, prices: dict[tuple[str, str], OwnPrice]) -> TextModel:
    own = prices.get((platform.name, model))
    reading, writing = (
        price_of(platform.name, model, usage, kind=platform.kind, base_url=platform.base_url, own=own)
        for usage in (Usage(A_MILLION, 0), Usage(0, A_MILLION))
    )
    return TextModel(platform.name, model, reading, writing)
