"""Prices from the list that is installed, offline."""

import random
from decimal import Decimal

import pytest
from genai_prices import Usage as Tokens
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot

from agents.llm.prices import STORED_PLACES, price_of, provider_for_bare_name
from agents.llm.types import Usage

USAGE = Usage(input_tokens=1_000_000, output_tokens=100_000)
OPENAI = ("openai", "openai", "https://api.openai.com/v1")
ANTHROPIC = ("anthropic", "anthropic", "https://api.anthropic.com")
GOOGLE = ("my-gemini", "openai", "https://generativelanguage.googleapis.com/v1beta/openai")
OLLAMA = ("ollama", "openai", "http://127.0.0.1:11434/v1")
ROUTER = ("openrouter", "openai", "https://openrouter.ai/api/v1")
ALL = [OLLAMA, ROUTER, GOOGLE, ANTHROPIC, OPENAI]


def test_a_known_model_has_a_price_and_cached_input_is_cheaper() -> None:
    full = price_of("openai", "gpt-4o-mini", USAGE)
    cached = price_of("openai", "gpt-4o-mini", Usage(1_000_000, 100_000, 500_000))
    assert full == Decimal("0.21")
    assert cached is not None
    assert cached < full


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("ollama", "gpt-4o-mini", USAGE),
        ("mistral-local", "mistral-large-latest", USAGE),
        ("my-openai-proxy", "gpt-4o-mini", USAGE),
        ("openai", "no-such-model", USAGE),
        ("", "", USAGE),
        ("openai", "gpt-4o-mini", Usage()),
        ("openai", "gpt-4o-mini", Usage(input_tokens=5)),
    ],
)
def test_what_is_not_known_is_unpriced_and_never_zero(provider: str, model: str, usage: Usage) -> None:
    assert price_of(provider, model, usage) is None


def test_an_address_prices_a_provider_of_any_name() -> None:
    assert price_of("work", "gpt-4o-mini", USAGE, kind="openai", base_url="https://api.openai.com/v1") == Decimal("0.21")
    assert price_of("work", "claude-sonnet-4-5", USAGE, kind="anthropic") is not None
    assert price_of("hook", "", USAGE, kind="webhook", base_url="https://agents.example/reply") is None


def test_demo_models_cost_nothing() -> None:
    assert price_of("demo", "agent", USAGE) == 0
    assert price_of("demo", "agent", Usage()) == 0


def test_no_token_costs_nothing_at_a_known_price() -> None:
    assert price_of("openai", "gpt-4o-mini", Usage(0, 0)) == 0


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o-mini", "openai"),
        ("claude-sonnet-4-5", "anthropic"),
        ("gemini-3.1-pro-preview", "my-gemini"),
        ("openai/gpt-4o-mini", "openrouter"),
        ("some-model-of-mine", None),
        ("", None),
    ],
)
def test_a_bare_name_goes_to_the_provider_that_sells_it(model: str, name: str | None) -> None:
    assert provider_for_bare_name(model, ALL) == name


def test_a_bare_name_without_its_maker_is_not_guessed() -> None:
    assert provider_for_bare_name("gpt-4o-mini", [OLLAMA, ANTHROPIC]) is None
    assert provider_for_bare_name("gpt-4o-mini", []) is None
    assert provider_for_bare_name("gpt-4o-mini", [("demo", "demo", "")]) is None


def by_the_library(seller: str, model: str, usage: Usage) -> Decimal | None:
    tokens = Tokens(input_tokens=usage.input_tokens, cache_read_tokens=usage.cached_input_tokens, output_tokens=usage.output_tokens)
    try:
        return calc_price(tokens, model_ref=model, provider_id=seller).total_price.quantize(STORED_PLACES)
    except Exception:  # a count that the list has no price for
        return None


def test_every_price_of_the_list_is_the_librarys_to_the_last_place() -> None:
    chance = random.Random(7)
    priced = 0
    for seller in get_snapshot().providers:
        for model in seller.models:
            fresh = chance.choice([0, 1, 999, 40_001, 130_000, 250_001, 1_500_000])
            cached = chance.choice([0, fresh // 3, fresh, fresh + 5])
            usage = Usage(fresh, chance.choice([0, 1, 500, 33_333]), cached)
            found = price_of(seller.id, model.id, usage)
            assert found == by_the_library(seller.id, model.id, usage), (seller.id, model.id, usage)
            priced += found is not None
    assert priced > 1000


def test_a_long_request_costs_what_its_tier_says() -> None:
    short, long = (price_of("anthropic", "claude-sonnet-4-5", Usage(tokens, 0, 0)) for tokens in (200_000, 200_001))
    assert short == Decimal("0.6")
    assert long == Decimal("1.200006")
