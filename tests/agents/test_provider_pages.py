"""The pages of providers: members read, owners set limits, and what is refused loses nothing."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from agents.limits.keys import provider_key
from agents.models import ModelProvider, ProviderLoad, ProviderShare
from evalhub.accounts.models import Project
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def provider(project: Project) -> ModelProvider:
    row = ModelProvider(project=project, name="mine", base_url="https://models.example/v1", default_model="m-1", max_concurrent=5)
    row.set_secret("sk-very-secret")
    row.save()
    return row


@pytest.fixture
def owner(client: Client, project: Project) -> Client:
    client.force_login(factories.user(project=project))
    return client


@pytest.fixture
def viewer(project: Project) -> Client:
    client = Client()
    client.force_login(factories.teammate(project=project))
    return client


def path(provider: ModelProvider) -> str:
    return f"/settings/providers/{provider.pk}/"


def busy(provider: ModelProvider) -> None:
    now = timezone.now()
    load = ProviderLoad.objects.create(
        key=provider_key(provider.id), ceiling=3, throttled=7, last_429_at=now, paused_until=now + timedelta(minutes=1), refilled_at=now
    )
    ProviderShare.objects.create(load=load, holder=uuid.uuid4(), in_use=2, waiting=9, since=now, expires_at=now + timedelta(minutes=1))


def test_the_list_shows_the_providers_of_the_project_and_their_state(
    viewer: Client, provider: ModelProvider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ModelProvider.objects.create(project=factories.project(), name="theirs", base_url="https://models.example/v1")
    busy(provider)
    with django_assert_num_queries(5):
        shown = viewer.get("/settings/providers/").content.decode()
    assert f'href="{path(provider)}"' in shown
    assert "paused" in shown
    assert "theirs" not in shown


def state_of(client: Client, provider: ModelProvider) -> str:
    shown = client.get(path(provider)).content.decode()
    return " ".join(strip_tags(shown.partition("State: ")[2].partition("</p>")[0]).split())


def test_a_provider_where_requests_wait_is_not_called_free(viewer: Client, provider: ModelProvider) -> None:
    now = timezone.now()
    load = ProviderLoad.objects.create(key=provider_key(provider.id), refilled_at=now)
    assert state_of(viewer, provider) == "free"
    ProviderShare.objects.create(load=load, holder=uuid.uuid4(), in_use=5, waiting=195, since=now, expires_at=now + timedelta(minutes=1))
    assert state_of(viewer, provider) == "at its limit of 5 open at once"
    ProviderShare.objects.update(in_use=0, waiting=6)
    ModelProvider.objects.update(requests_per_minute=5)
    assert state_of(viewer, provider) == "at its limit of 5 begun within 60 seconds, spread evenly"


def test_places_that_a_lost_worker_may_be_using_are_shown(viewer: Client, provider: ModelProvider) -> None:
    now = timezone.now()
    load = ProviderLoad.objects.create(key=provider_key(provider.id), refilled_at=now)
    until = now + timedelta(minutes=1)
    ProviderShare.objects.create(load=load, holder=uuid.uuid4(), granted=5, since=now, expires_at=now, holds_until=until)
    assert state_of(viewer, provider) == "free 5 places taken by a worker that is not heard of"


def test_a_pause_says_whether_the_server_asked_for_it(viewer: Client, provider: ModelProvider) -> None:
    busy(provider)
    assert state_of(viewer, provider).endswith("as its last 429 asked")
    ProviderLoad.objects.update(closed_since=timezone.now() - timedelta(seconds=40), refusals=5)
    assert "for it has answered nothing but 429 since" in state_of(viewer, provider)


def test_without_a_provider_the_list_says_how_to_get_one(owner: Client) -> None:
    assert "No provider yet" in owner.get("/settings/providers/").content.decode()


def test_a_member_reads_state_and_limits_and_no_key(viewer: Client, provider: ModelProvider) -> None:
    busy(provider)
    shown = viewer.get(path(provider)).content.decode()
    assert "https://models.example/v1" in shown
    assert "Save limits" not in shown
    assert "sk-very-secret" not in shown
    assert provider.secret_encrypted not in shown


def test_a_member_who_is_no_owner_sets_nothing(viewer: Client, provider: ModelProvider) -> None:
    assert viewer.post(path(provider), {"max_concurrent": 9}).status_code == 403
    provider.refresh_from_db()
    assert provider.max_concurrent == 5


def test_an_owner_sets_limits_and_empties_them(owner: Client, provider: ModelProvider) -> None:
    answer = owner.post(path(provider), {"max_concurrent": "", "requests_per_minute": "600"}, follow=True)
    assert "The limits are saved" in answer.content.decode()
    provider.refresh_from_db()
    assert (provider.max_concurrent, provider.requests_per_minute) == (None, 600)
    assert provider.secret_encrypted


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "1000001", "99999999999999999999"])
def test_what_cannot_be_a_limit_is_refused_beside_its_field_and_kept(owner: Client, provider: ModelProvider, value: str) -> None:
    answer = owner.post(path(provider), {"max_concurrent": value, "requests_per_minute": "77"})
    shown = answer.content.decode()
    assert answer.status_code == 400
    assert "Nothing was saved" in shown
    assert shown.count("A whole number from 1 to 1,000,000; empty for no limit.") == 1
    assert f'value="{value}"' in shown
    assert 'value="77"' in shown
    assert 'aria-invalid="true"' in shown
    provider.refresh_from_db()
    assert (provider.max_concurrent, provider.requests_per_minute) == (5, None)


def test_another_projects_provider_does_not_exist(owner: Client) -> None:
    theirs = ModelProvider.objects.create(project=factories.project(), name="theirs", base_url="https://models.example/v1")
    assert owner.get(path(theirs)).status_code == 404
    assert owner.post(path(theirs), {"max_concurrent": 9}).status_code == 404


@pytest.mark.parametrize("old", ["/providers/", "/providers/5f0c9f0e-9f2e-4a53-8d0c-3f4f0b0e6a11/"])
def test_old_addresses_lead_to_the_settings(viewer: Client, old: str) -> None:
    assert viewer.get(old)["Location"] == f"/settings{old}"
