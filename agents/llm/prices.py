"""What a request costs: by a price of the project's own, else by the list that ships with `genai-prices`. Nothing here touches the network.

Used by client.py for every call, by estimates, and by `agents.clients` to find the provider a bare model name belongs to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from agents.llm.spec import ModelSpec, OwnPrice
from agents.llm.types import Usage

# The default addresses of a kind, for price lookup: a provider that was given no address of its own lives there.
HOME_OF_KIND = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
# Names people give a provider, and the price list's name for it.
ALIASES = {"gemini": "google", "xai": "x-ai", "together-ai": "together", "moonshot": "moonshotai", "kimi": "moonshotai"}

ONE_TOKEN = Usage(1, 1)
A_MILLION = 1_000_000
# Rounded once, here: a run's cost is then exactly the sum of the rows that are stored with so many places.
STORED_PLACES = Decimal("1e-8")

Candidate = tuple[str, str, str]  # provider name, kind, base address


def price_at(spec: ModelSpec, usage: Usage) -> Decimal | None:
    """`price_of` for a request to this model, with the project's own price where it has one."""
    return price_of(spec.provider, spec.model, usage, kind=spec.kind, base_url=spec.base_url, own=spec.own_price)


def price_of(provider: str, model: str, usage: Usage, *, kind: str = "", base_url: str = "", own: OwnPrice | None = None) -> Decimal | None:
    """US dollars for one request, None when the price or the token counts are unknown. Priced by the model asked for."""
    if "demo" in (kind, provider):
        return Decimal(0)
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    tariff = own_rates(own) if own else _tariff(provider, kind, base_url, model)
    found = tariff.price(usage.input_tokens, usage.cached_input_tokens or 0, usage.output_tokens) if tariff else None
    return found.quantize(STORED_PLACES) if found is not None else None


def provider_for_bare_name(model: str, candidates: Sequence[Candidate]) -> str | None:
    """The configured provider whose prices know `model`: the model's maker first, then whoever else resells it, in order."""
    knowing = {}
    for name, kind, base_url in candidates:
        if kind != "demo" and (found := _lookup(name, kind, base_url, model, ONE_TOKEN)):
            knowing[name] = found.provider.id
    maker = _calculated(model, ONE_TOKEN)
    makers_own = [name for name, sells in knowing.items() if maker is not None and sells == maker.provider.id]
    return next(iter([*makers_own, *knowing]), None)


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for a request and for each of its tokens, under one entry of the price list."""

    request: Decimal
    fresh: Decimal
    cached: Decimal
    output: Decimal

    def price(self, fresh_and_cached: int, cached: int, output: int) -> Decimal:
        """A server that counts more cached tokens than tokens is believed in the larger number."""
        return self.request + self.fresh * max(fresh_and_cached - cached, 0) + self.cached * cached + self.output * output


@lru_cache(maxsize=4096)
def own_rates(own: OwnPrice) -> Rates:
    """The same for a price that somebody set."""
    cached = own.input_usd if own.cached_input_usd is None else own.cached_input_usd
    return Rates(Decimal(0), own.input_usd / A_MILLION, cached / A_MILLION, own.output_usd / A_MILLION)


class Tariff:
    """One model at one seller. The list's own sum takes longer than the rest of a call in here, so its rates are asked for once.

    `entry` is the list's model, whose prices may change with the time of day or from a date on.
    """

    def __init__(self, entry: Any) -> None:
        self._entry = entry
        self._rates: dict[int, Rates | None] = {}

    def price(self, fresh_and_cached: int, cached: int, output: int) -> Decimal | None:
        """What the list's own calculation says, to the last place."""
        valid = self._entry.get_prices(datetime.now(UTC))
        if id(valid) not in self._rates:  # the entry keeps its prices, so none gets the id of another
            self._rates[id(valid)] = None if _has_tiers(valid) else _rates_of(valid)
        rates = self._rates[id(valid)]
        if rates is None or cached > fresh_and_cached:
            return _sum(valid, fresh_and_cached, cached, output)
        return rates.price(fresh_and_cached, cached, output)


def _rates_of(prices: Any) -> Rates | None:
    """The price of nothing, and what a million tokens of each sort add to it. None where the list cannot say one of them."""
    asked = ((0, 0, 0), (A_MILLION, 0, 0), (A_MILLION, A_MILLION, 0), (0, 0, A_MILLION))
    found = [price for tokens in asked if (price := _sum(prices, *tokens)) is not None]
    if len(found) < len(asked):
        return None
    request, *others = found
    return Rates(request, *((price - request) / A_MILLION for price in others))


def _sum(prices: Any, fresh_and_cached: int, cached: int, output: int) -> Decimal | None:
    try:
        total: Decimal = prices.calc_price(_tokens(Usage(fresh_and_cached, output, cached)))["total_price"]
    except Exception:  # as in `_calculated` below
        return None
    return total


def _has_tiers(prices: Any) -> bool:
    """Whether a long request costs more a token than a short one."""
    from genai_prices.types import TieredPrices

    return any(isinstance(price, TieredPrices) for price in vars(prices).values())


@lru_cache(maxsize=4096)
def _tariff(provider: str, kind: str, base_url: str, model: str) -> Tariff | None:
    found = _lookup(provider, kind, base_url, model, ONE_TOKEN)
    return Tariff(found.model) if found else None


def prepare() -> None:
    """Read the price list now, rather than when the first answer waits for its price."""
    _calculated("", ONE_TOKEN, provider_id="")


def _lookup(provider: str, kind: str, base_url: str, model: str, usage: Usage) -> Any | None:
    where = _seller(provider, kind, base_url, model)
    return _calculated(model, usage, **dict(where)) if where else None


@lru_cache(maxsize=4096)
def _seller(provider: str, kind: str, base_url: str, model: str) -> tuple[tuple[str, str], ...]:
    """How the price list finds this model: by address where it knows it; else by the provider's exact name; () when it does not.

    Never by a likeness of names: "mistral-local" costs nothing. Cached, since a miss walks through the whole list (0.8 ms).
    """
    address = base_url or HOME_OF_KIND.get(kind, "")
    if address and _calculated(model, ONE_TOKEN, provider_api_url=address) is not None:
        return (("provider_api_url", address),)
    name = ALIASES.get(provider.lower(), provider.lower())
    by_name = _calculated(model, ONE_TOKEN, provider_id=name)
    return (("provider_id", name),) if by_name is not None and by_name.provider.id == name else ()


def _calculated(model: str, usage: Usage, **where: str) -> Any | None:
    """The price list's answer or None. Its import costs 0.3 s, which a command that prices nothing should not pay."""
    from genai_prices import calc_price

    calculate: Callable[..., Any] = calc_price  # its overloads exclude each other, and `where` is one of them at a time
    try:
        return calculate(_tokens(usage), model_ref=model, **where)
    except Exception:  # a gap or a surprise in a foreign price list must not fail a call that was already answered
        return None


def _tokens(usage: Usage) -> Any:
    """Token counts as the price list takes them."""
    from genai_prices import Usage as Tokens

    return Tokens(input_tokens=usage.input_tokens, cache_read_tokens=usage.cached_input_tokens or 0, output_tokens=usage.output_tokens)
