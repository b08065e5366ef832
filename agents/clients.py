"""From a name to a model that can be asked: the only reader of provider and endpoint secrets.

Providers are the project's own rows, then those whose keys stand in the environment, and always `demo`. Called by the engine when a run
starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from agents.addresses import origin
from agents.limits.keys import endpoint_key, environment_key, provider_key
from agents.llm.errors import PermanentError
from agents.llm.prices import provider_for_bare_name
from agents.llm.spec import ModelSpec, OwnPrice
from agents.models import Agent, ModelPrice, ModelProvider
from evalhub.accounts.models import Project
from evalhub.common.secrets import SecretUnreadable, decrypt

DEMO = "demo"
DEMO_MODELS = {"agent": "demo/agent", "user": "demo/user", "judge": "demo/judge"}  # by the part that each plays where nothing is named
DEMO_HASTY = "demo/hasty"  # answers like demo/agent, with more mistakes: somebody to compare it with
DEMO_NAMES = (*DEMO_MODELS.values(), DEMO_HASTY)
PARTS = {"agent": "the agent", "user": "the simulated user", "judge": "the judge"}
OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"
OPENROUTER_URL = "https://openrouter.ai/api/v1"
GOOGLE_URL = "https://generativelanguage.googleapis.com/v1beta/openai"
# What a vendor's own address is asked for when nobody names a model; any other address has to say it itself.
VENDOR_DEFAULTS = {OPENAI_URL: "gpt-4.1-mini", ANTHROPIC_URL: "claude-haiku-4-5", GOOGLE_URL: "gemini-2.5-flash"}
SYNONYMS = {"gemini": "google"}


class UnknownModel(PermanentError):
    """The name leads to no configured provider; the message says which there are."""

    code = "unknown_model"


class AgentDeleted(PermanentError):
    """Nobody can ask this endpoint any more: its secret went with the agent."""

    code = "agent_deleted"


@dataclass(frozen=True, slots=True)
class Provider:
    """A server whose models can be named. `secret` never leaves this module but inside a ModelSpec."""

    name: str
    kind: str
    base_url: str
    secret: str
    default_model: str = ""
    load_key: str = ""


@dataclass(frozen=True, slots=True)
class Providers:
    """What a project can ask, by provider name, and what it says models cost, by provider and model."""

    by_name: Mapping[str, Provider]
    prices: Mapping[tuple[str, str], OwnPrice] = field(default_factory=dict)
    _specs: dict[tuple[str, str], ModelSpec] = field(default_factory=dict, compare=False, repr=False)  # those that were asked for

    def default_name(self, part: str) -> str:
        """The model where none is named. `part` is agent, user or judge. While nothing is configured: the demo model of that part."""
        if settings.ENV.default_model:
            return str(settings.ENV.default_model)
        if not self.by_name:
            return DEMO_MODELS[part]
        for provider in self.by_name.values():
            model = provider.default_model or VENDOR_DEFAULTS.get(provider.base_url.rstrip("/"))
            if model:
                return f"{provider.name}/{model}"
        names = ", ".join(self.by_name)
        raise UnknownModel(
            f"No model is named for {PARTS[part]}, and no provider has a default model (providers: {names}). "
            "Give a provider a default model, set EVALHUB_DEFAULT_MODEL, or name the model as provider/model."
        )

    def known_names(self) -> list[str]:
        """Models that can be named without looking further: the default one of each provider, and the demo models."""
        defaults = ((name, each.default_model or VENDOR_DEFAULTS.get(each.base_url.rstrip("/"))) for name, each in self.by_name.items())
        return [*(f"{name}/{model}" for name, model in defaults if model), *DEMO_NAMES]

    def spec(self, name: str, *, part: str) -> ModelSpec:
        """The model behind `provider/model`, a bare model name, or "" for the default. Raises UnknownModel."""
        if (name, part) not in self._specs:
            self._specs[name, part] = self._spec(name, part)
        return self._specs[name, part]

    def _spec(self, name: str, part: str) -> ModelSpec:
        name = name.strip() or self.default_name(part)
        head, _, rest = name.partition("/")
        head = SYNONYMS.get(head, head) if head not in self.by_name else head
        if head == DEMO and rest:
            return _demo_spec(rest, name)
        if rest and head in self.by_name:
            return self._priced(self.by_name[head], rest)
        candidates = [(provider.name, provider.kind, provider.base_url) for provider in self.by_name.values()]
        found = provider_for_bare_name(name, candidates)
        if found:
            return self._priced(self.by_name[found], name)
        raise UnknownModel(self._unknown(name))

    def _priced(self, provider: Provider, model: str) -> ModelSpec:
        own = self.prices.get((provider.name, model))
        spec = _spec(provider, model)
        return replace(spec, own_price=own) if own else spec

    def _unknown(self, name: str) -> str:
        names = ", ".join([*self.by_name, DEMO])
        head, _, rest = name.partition("/")
        what = (
            f'The model "{name}" names the provider "{head}", which is not configured'
            if rest
            else f'No configured provider is known to serve the model "{name}"'
        )
        otherwise = "" if rest else ", or write the model as provider/model"
        return f"{what} (configured: {names}). Add the provider in the settings or by its key in the environment{otherwise}."


def _demo_spec(model: str, name: str) -> ModelSpec:
    if name not in DEMO_NAMES:
        raise UnknownModel(f'There is no demo model "{name}". The demo models are {", ".join(DEMO_NAMES)}.')
    return ModelSpec(provider=DEMO, model=model, kind=DEMO, answer_delay_s=settings.ENV.demo_delay)


def _spec(provider: Provider, model: str) -> ModelSpec:
    return ModelSpec(
        provider=provider.name,
        model=model,
        kind=provider.kind,
        base_url=provider.base_url,
        api_key=provider.secret,
        timeout_s=settings.ENV.model_timeout,
        max_attempts=settings.ENV.model_attempts,
        patience_s=settings.ENV.model_patience,
        load_key=provider.load_key,
    )


def load_providers(project: Project) -> Providers:
    """The project's active providers and the environment's; a row hides the environment's provider of the same name. Two queries.

    Prices are those of now: whoever holds the result counts all its calls by them.
    """
    rows = ModelProvider.objects.filter(project=project, is_active=True).order_by("created_at")
    own = {
        row.name: Provider(
            row.name, row.kind, row.base_url, _secret(row.secret_encrypted, row.name), row.default_model, provider_key(row.id)
        )
        for row in rows
    }
    others = {name: provider for name, provider in environment_providers().items() if name not in own}
    return Providers(own | others, own_prices(project))


def why_unserved(project: Project, *, kind: str, model: str) -> str:
    """Why runs of an agent with this model could not begin now, a sentence; "" where a provider is there. Asks nobody. Two queries."""
    if kind != Agent.Kind.CHARACTER:
        return ""
    try:
        load_providers(project).spec(model, part="agent")
    except UnknownModel as unknown:
        return str(unknown)
    return ""


def own_prices(project: Project) -> dict[tuple[str, str], OwnPrice]:
    """What the project says models cost, by provider and model. One query."""
    rows = ModelPrice.objects.filter(project=project)
    return {(row.provider, row.model): OwnPrice(row.input_usd, row.output_usd, row.cached_input_usd) for row in rows}


def environment_providers() -> dict[str, Provider]:
    """The providers whose keys (or addresses) stand in the environment."""
    env = settings.ENV
    found = {
        "openai": (env.openai_api_key or env.openai_base_url, "openai", env.openai_base_url or OPENAI_URL, env.openai_api_key),
        "anthropic": (env.anthropic_api_key, "anthropic", env.anthropic_base_url or ANTHROPIC_URL, env.anthropic_api_key),
        "google": (env.gemini_api_key, "openai", GOOGLE_URL, env.gemini_api_key),
        "openrouter": (env.openrouter_api_key, "openai", OPENROUTER_URL, env.openrouter_api_key),
    }
    return {
        name: Provider(name, kind, url, secret, load_key=environment_key(name))
        for name, (there, kind, url, secret) in found.items()
        if there
    }


def agent_spec(snapshot: Mapping[str, Any], providers: Providers, *, project: Project, started_with: str = "") -> ModelSpec:
    """The model behind a run's agent: a character's model, or its endpoint. Raises UnknownModel and AgentDeleted.

    A character whose agent was deleted is played from its snapshot all the same; an endpoint cannot be.
    `started_with` is the model that a run which goes on began with: a default that has changed meanwhile must not change it.
    """
    if snapshot["kind"] == Agent.Kind.CHARACTER:
        return providers.spec(started_with or snapshot["model"], part="agent")
    row = Agent.objects.filter(pk=snapshot["agent_id"], project=project).first()
    if row is None:
        raise AgentDeleted(f"The agent {snapshot['name']!r} was deleted, and the secret of its endpoint with it, so it cannot be asked.")
    return _endpoint_spec(snapshot, _secret_for(row, snapshot["endpoint_url"]), project)


def draft_spec(draft: Agent, *, stored: Agent | None, secret: str | None) -> ModelSpec:
    """The endpoint of an agent that is being typed. `secret` None means the stored one, which goes only to the server it was given for."""
    if secret is None:
        secret = _secret_for(stored, draft.endpoint_url) if stored else ""
    return _endpoint_spec(draft.snapshot(), secret, draft.project)


def _secret_for(row: Agent, address: str) -> str:
    """The address may be a snapshot's or a draft's, the secret is today's: it goes only to the server it was given for."""
    return _secret(row.endpoint_secret_encrypted, row.name) if origin(row.endpoint_url) == origin(address) else ""


def _endpoint_spec(snapshot: Mapping[str, Any], secret: str, project: Project) -> ModelSpec:
    webhook = snapshot["kind"] == Agent.Kind.WEBHOOK
    spec = ModelSpec(
        provider="endpoint",
        model=snapshot["model"] or snapshot["name"],
        kind="webhook" if webhook else "openai",
        base_url=snapshot["endpoint_url"],
        api_key=secret,
        timeout_s=float(snapshot["timeout_seconds"]),
        max_attempts=settings.ENV.model_attempts,
        patience_s=settings.ENV.model_patience,
        load_key=endpoint_key(project.id, snapshot["endpoint_url"]),
    )
    return replace(spec, reply_path=snapshot["reply_path"]) if snapshot["reply_path"] else spec


def _secret(stored: str, owner: str) -> str:
    try:
        return decrypt(stored)
    except SecretUnreadable as error:
        raise UnknownModel(f"The secret of {owner} cannot be read: {error}") from error
