"""A provider's admin page: its limits are set there, and what goes on is told."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from agents.limits.arithmetic import Answers
from agents.limits.keys import provider_key
from agents.limits.ledger import Report, renew
from agents.models import ModelProvider
from evalhub.accounts.services import owner_ensure
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider() -> ModelProvider:
    return ModelProvider.objects.create(project=factories.project(), name="mine", base_url="http://127.0.0.1:1/v1")


@pytest.fixture
def browser(provider: ModelProvider) -> Client:
    client = Client()
    client.force_login(owner_ensure(project=provider.project))
    return client


def page(provider: ModelProvider) -> str:
    return reverse("admin:agents_modelprovider_change", args=[provider.pk])


def fields(provider: ModelProvider, **limits: object) -> dict[str, object]:
    return {"project": provider.project_id, "name": "mine", "kind": "openai", "base_url": provider.base_url, "is_active": "on", **limits}


def test_limits_are_set_and_taken_away(browser: Client, provider: ModelProvider) -> None:
    browser.post(page(provider), fields(provider, max_concurrent=5, requests_per_minute=600))
    provider.refresh_from_db()
    assert (provider.max_concurrent, provider.requests_per_minute) == (5, 600)
    browser.post(page(provider), fields(provider, max_concurrent="", requests_per_minute=""))
    provider.refresh_from_db()
    assert (provider.max_concurrent, provider.requests_per_minute) == (None, None)


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "many", "1000001", "99999999999999999999"])
def test_what_cannot_be_a_limit_is_refused_beside_its_field(browser: Client, provider: ModelProvider, wrong: str) -> None:
    answer = browser.post(page(provider), fields(provider, max_concurrent=wrong))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["max_concurrent"] == ["A whole number from 1 to 1,000,000; empty for no limit."]


def test_what_goes_on_is_told(browser: Client, provider: ModelProvider) -> None:
    refused = Answers(refused=8, open=8)
    renew(
        uuid.uuid4(),
        Report(provider_key(provider.pk), in_use=4, waiting=7, wanted=11, begun=9, throttled=8, answers=refused, retry_after=30),
    )
    told = browser.get(page(provider)).content.decode()
    assert "4 open, 7 waiting, in 1 workers; 9 begun in the last minute." in told
    assert "No more than 4 at once since the server answered 429" in told
    assert "Nothing is asked until" in told
    assert "8 answers were 429" in told


def test_a_provider_nobody_asked_yet_has_a_page(browser: Client, provider: ModelProvider) -> None:
    assert "0 open, 0 waiting" in browser.get(page(provider)).content.decode()
