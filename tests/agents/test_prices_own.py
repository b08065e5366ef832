"""Prices of a project's own: they go before the price list, for calls made from then on; what nobody knows stays unpriced."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents.clients import load_providers
from agents.llm.prices import price_at, price_of
from agents.llm.spec import OwnPrice
from agents.llm.types import Usage
from agents.models import ModelPrice, ModelProvider
from agents.providers.services import price_set, provider_delete, provider_update
from evalhub.accounts.models import Project, Role
from runs.engine.drain import run_drain
from runs.models import EvalRun, ModelCall
from runs.states import Status
from tests import factories
from tests.support.mock_thread import mock_server

pytestmark = pytest.mark.django_db
PATH = "/settings/prices/"
USAGE = Usage(input_tokens=1_000_000, output_tokens=100_000, cached_input_tokens=400_000)


@pytest.fixture
def project() -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def ada(project: Project) -> User:
    return factories.user(project=project, name="ada")


@pytest.fixture
def owner(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def provider(project: Project) -> ModelProvider:
    return ModelProvider.objects.create(project=project, name="mine", base_url="http://127.0.0.1:9/v1", default_model="m-1")


def priced(project: Project, name: str, **prices: str) -> Decimal | None:
    """What USAGE costs at a model, after its prices are set where they are given."""
    provider, _, model = name.partition("/")
    if prices:
        price_set(project=project, provider=provider, model=model, **{key: Decimal(value) for key, value in prices.items()})
    return price_at(load_providers(project).spec(name, part="agent"), USAGE)


def form(**given: str) -> dict[str, str]:
    return {"provider": "mine", "model": "m-1", "input_usd": "0.5", "output_usd": "2", "cached_input_usd": ""} | given


# What a call costs


def test_a_model_that_nobody_knows_is_unpriced_until_it_has_a_price(project: Project, provider: ModelProvider) -> None:
    assert priced(project, "mine/m-1") is None
    assert priced(project, "mine/m-1", input_usd="2", output_usd="10") == Decimal("3")
    assert priced(project, "mine/m-2") is None, "the name is exact"


def test_cached_tokens_have_a_price_of_their_own_or_that_of_others(project: Project, provider: ModelProvider) -> None:
    assert priced(project, "mine/m-1", input_usd="2", output_usd="0", cached_input_usd="0.5") == Decimal("1.4")
    assert priced(project, "mine/m-1", input_usd="2", output_usd="0") == Decimal("2")


def test_zero_is_a_price(project: Project, provider: ModelProvider) -> None:
    assert priced(project, "mine/m-1", input_usd="0", output_usd="0") == 0


def test_it_goes_before_the_price_list(project: Project, settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"openai_api_key": "sk-env"})
    listed = priced(project, "openai/gpt-4.1-mini")
    assert listed
    assert priced(project, "openai/gpt-4.1-mini", input_usd="7", output_usd="0") == Decimal("7")
    assert priced(factories.project(), "openai/gpt-4.1-mini") == listed, "another project's price is its own"


def test_without_counted_tokens_it_is_unpriced_all_the_same() -> None:
    assert price_of("mine", "m-1", Usage(), own=OwnPrice(Decimal(1), Decimal(1))) is None


def test_the_demo_models_cost_nothing_whatever_is_set(project: Project) -> None:
    assert priced(project, "demo/agent", input_usd="7", output_usd="7") == 0


def test_a_price_below_the_stored_places_is_rounded_once() -> None:
    own = OwnPrice(Decimal("0.000001"), Decimal("0.000001"))
    assert price_of("mine", "m-1", Usage(3, 0), own=own) == Decimal("0E-8")


def test_providers_are_read_with_two_queries(
    project: Project, provider: ModelProvider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        priced(project, f"mine/m-{number}", input_usd="1", output_usd="1")
    with django_assert_num_queries(2):
        load_providers(project)


@pytest.mark.django_db(transaction=True)
def test_a_run_is_counted_by_the_price_of_its_time_and_keeps_it(project: Project) -> None:
    with mock_server() as server:
        ModelProvider.objects.create(project=project, name="mine", base_url=server.openai_url, default_model="m-1")
        models = {"agent_model": "mine/m-1", "user_model": "mine/m-1", "judge_model": "mine/m-1"}
        speaker = factories.agent(project=project, model="mine/m-1")
        before = factories.run(project=project, agent=speaker, sessions=1, turns=1, **models)
        run_drain(linger=0)
        price_set(project=project, provider="mine", model="m-1", input_usd=Decimal(10), output_usd=Decimal(20))
        after = factories.run(project=project, agent=speaker, sessions=1, turns=1, **models)
        run_drain(linger=0)
        price_set(project=project, provider="mine", model="m-1", input_usd=Decimal(1000), output_usd=Decimal(1000))
    calls = ModelCall.objects.filter(run=after)
    assert EvalRun.objects.filter(status=Status.COMPLETED).count() == 2
    assert set(ModelCall.objects.filter(run=before).values_list("price_usd", flat=True)) == {None}
    assert set(calls.values_list("price_usd", flat=True)) == {Decimal("0.0014")}  # 100 tokens in, 20 out
    assert EvalRun.objects.get(pk=after.pk).simulation_cost_usd == calls.count() * Decimal("0.0014")


# Prices follow their provider


def test_prices_follow_a_new_name_and_go_with_the_provider(project: Project, provider: ModelProvider) -> None:
    priced(project, "mine/m-1", input_usd="1", output_usd="1")
    provider_update(project=project, provider_id=provider.pk, name="ours")
    assert ModelPrice.objects.get().provider == "ours"
    provider_delete(project=project, provider_id=provider.pk)
    assert not ModelPrice.objects.exists()


def test_where_both_names_have_a_price_the_one_of_the_new_name_stays(project: Project, provider: ModelProvider) -> None:
    priced(project, "mine/m-1", input_usd="1", output_usd="1")
    price_set(project=project, provider="ours", model="m-1", input_usd=Decimal(5), output_usd=Decimal(5))
    provider_update(project=project, provider_id=provider.pk, name="ours")
    assert [(price.provider, price.input_usd) for price in ModelPrice.objects.all()] == [("ours", Decimal(5))]


# The page


def test_an_owner_sets_changes_and_removes_a_price(owner: Client, provider: ModelProvider, ada: User) -> None:
    assert "The price of mine/m-1 is saved." in owner.post(PATH, form(), follow=True).text
    price = ModelPrice.objects.get()
    assert (price.input_usd, price.output_usd, price.cached_input_usd, price.changed_by) == (Decimal("0.5"), 2, None, ada)
    text = owner.get(f"{PATH}?change={price.pk}").text
    assert 'value="0.500000"' in text
    owner.post(PATH, form(input_usd="0.75", cached_input_usd="0.1"))
    assert ModelPrice.objects.get().input_usd == Decimal("0.75")
    shown = owner.get(PATH).text
    assert "$0.75" in shown
    assert "by ada" in shown
    owner.post(f"{PATH}{price.pk}/delete")
    assert not ModelPrice.objects.exists()


def test_the_provider_is_not_said_twice(owner: Client, provider: ModelProvider) -> None:
    owner.post(PATH, form(model="mine/m-1"))
    assert ModelPrice.objects.get().model == "m-1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"provider": "nobody"}, "nobody is not one of the available choices"),
        ({"model": ""}, "This field is required."),
        ({"model": "m" * 201}, "at most 200 characters"),
        ({"model": "m\x00"}, "Null characters are not allowed."),
        ({"input_usd": "-1"}, "greater than or equal to 0"),
        ({"input_usd": "NaN"}, "Enter a number."),
        ({"input_usd": "1e99"}, "less than or equal to 100000"),
        ({"output_usd": "free"}, "Enter a number."),
        ({"output_usd": "0.0000001"}, "6 decimal places"),
    ],
)
def test_what_cannot_be_a_price_is_refused_beside_its_field(
    owner: Client, provider: ModelProvider, given: dict[str, str], said: str
) -> None:
    answer = owner.post(PATH, form(**given))
    assert answer.status_code == 400
    assert said in answer.text
    assert not ModelPrice.objects.exists()


def test_members_read_prices_and_only_owners_set_them(owner: Client, project: Project, provider: ModelProvider) -> None:
    owner.post(PATH, form())
    viewer = Client()
    viewer.force_login(factories.user(project=project, role=Role.EDITOR))
    text = viewer.get(PATH).text
    assert "mine/m-1" in text
    assert "Set a price" not in text
    assert viewer.post(PATH, form(input_usd="9")).status_code == 403
    assert viewer.post(f"{PATH}{ModelPrice.objects.get().pk}/delete").status_code == 403
    assert ModelPrice.objects.get().input_usd == Decimal("0.5")


def test_another_projects_prices_do_not_exist(owner: Client) -> None:
    theirs = price_set(project=factories.project(), provider="theirs", model="x", input_usd=Decimal(1), output_usd=Decimal(1))
    assert "theirs" not in owner.get(f"{PATH}?change={theirs.pk}").text
    assert owner.post(f"{PATH}{theirs.pk}/delete").status_code == 404
    assert owner.post(f"{PATH}{uuid.uuid4()}/delete").status_code == 404


@pytest.mark.parametrize("change", ["", "nonsense", "%00", "5f0c9f0e-9f2e-4a53-8d0c-3f4f0b0e6a11"])
def test_an_odd_link_opens_the_page(owner: Client, provider: ModelProvider, change: str) -> None:
    assert owner.get(f"{PATH}?change={change}&provider=mine&model=%00").status_code == 200


def test_the_page_costs_the_same_for_many(
    owner: Client, project: Project, provider: ModelProvider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        priced(project, f"mine/m-{number}", input_usd="1", output_usd="1")
    with django_assert_num_queries(5):  # session, person, memberships, names, prices
        owner.get(PATH)
