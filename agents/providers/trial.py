"""One tiny real call, to see whether a provider answers: one request, a few tokens, a few seconds. How often, the view counts."""

import asyncio
import time
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.clients import DEMO, VENDOR_DEFAULTS, UnknownModel, load_providers
from agents.llm.errors import LLMError
from agents.llm.http import open_session
from agents.llm.prices import price_at
from agents.llm.quoting import quote
from agents.llm.registry import connect
from agents.llm.spec import ModelSpec
from agents.llm.types import ChatMessage, Reply, Usage
from evalhub.accounts.models import Project

PATIENCE_S = 15.0
MOST_TOKENS = 200  # a model that thinks first needs some before its first word
QUESTION = "This is a connection test. Answer with the one word: ready"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: an answer, or an error in a sentence. `price_usd` is None where no price is known."""

    model: str
    latency_ms: int = 0
    answer: str = ""
    error: str = ""
    usage: Usage = Usage()
    price_usd: Decimal | None = None
    is_demo: bool = False


def provider_try(*, project: Project, provider: str, model: str = "") -> Trial:
    """Ask the provider's model, its default where none is named. Never raises for what the provider does."""
    try:
        spec = _spec(project, provider, model)
    except UnknownModel as error:
        return Trial(f"{provider}/{model}" if model else provider, error=error.message)
    return asyncio.run(_asked(replace(spec, timeout_s=PATIENCE_S, max_attempts=1, patience_s=0.0, answer_delay_s=0.0)))


def _spec(project: Project, provider: str, model: str) -> ModelSpec:
    providers = load_providers(project)
    if provider == DEMO:
        return providers.spec(f"{DEMO}/{model or 'agent'}", part="agent")
    if provider not in providers.by_name:
        raise UnknownModel(f"{provider} is not a provider that is in use here.")
    known = providers.by_name[provider]
    name = model.removeprefix(f"{provider}/") or known.default_model or VENDOR_DEFAULTS.get(known.base_url.rstrip("/"))
    if not name:
        raise UnknownModel(f"Name a model: {provider} has no default model.")
    return providers.spec(f"{provider}/{name}", part="agent")


async def _asked(spec: ModelSpec) -> Trial:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_S), open_session() as http:
            reply = await connect(spec, http).complete([ChatMessage("user", QUESTION)], max_tokens=MOST_TOKENS)
    except LLMError as error:
        return Trial(spec.name, _ms_since(began), error=error.message)
    except TimeoutError:
        return Trial(spec.name, _ms_since(began), error=f"{spec.name} did not answer within {PATIENCE_S:g} s.")
    return _good(spec, reply)


def _good(spec: ModelSpec, reply: Reply) -> Trial:
    price = price_at(spec, reply.usage)
    return Trial(spec.name, reply.latency_ms, quote(reply.text), usage=reply.usage, price_usd=price, is_demo=spec.kind == DEMO)


def _ms_since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
