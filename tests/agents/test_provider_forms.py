"""Providers made, changed, tested and deleted on their pages. A key goes in and never comes out, and stays with its server."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents.clients import load_providers
from agents.models import ModelProvider
from agents.providers.services import provider_create
from evalhub.accounts.models import Project, Role
from tests import factories

pytestmark = pytest.mark.django_db
LIST, NEW, TEST = "/settings/providers/", "/settings/providers/new", "/settings/providers/test"
KEY = "sk-very-secret"


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
def editor(project: Project) -> Client:
    client = Client()
    client.force_login(factories.user(project=project, role=Role.EDITOR))
    return client


@pytest.fixture
def provider(project: Project) -> ModelProvider:
    return provider_create(project=project, name="mine", base_url="https://models.example/v1", default_model="m-1", secret=KEY)


def form(**given: str) -> dict[str, str]:
    values = {"name": "mine", "kind": "openai", "base_url": "https://models.example/v1", "secret": "", "default_model": "m-1"}
    return values | {"is_active": "on"} | given


def of(provider: ModelProvider) -> str:
    return f"{LIST}{provider.pk}/"


def secret_of(project: Project, name: str = "mine") -> str:
    return load_providers(project).by_name[name].secret


# Making


def test_an_owner_adds_a_provider_and_its_key_is_never_shown(owner: Client, project: Project) -> None:
    answer = owner.post(NEW, form(secret=KEY, default_model="mine/m-1"), follow=True)
    assert "mine is added." in answer.text
    row = ModelProvider.objects.get()
    assert secret_of(project) == KEY
    assert row.default_model == "m-1"
    for path in (LIST, of(row)):
        assert KEY not in owner.get(path).text
        assert row.secret_encrypted not in owner.get(path).text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "two words"}, "Only letters, digits, - and _."),
        ({"name": "demo"}, "has a meaning of its own here"),
        ({"name": "Endpoint"}, "has a meaning of its own here"),
        ({"kind": "carrier-pigeon"}, "is not one of the available choices"),
        ({"base_url": "models.example"}, "Must be an address such as"),
        ({"base_url": "ftp://models.example"}, "Must be an address such as"),
        ({"base_url": "https://me:pw@models.example/"}, "Must not carry a user or password"),
        ({"base_url": "http://169.254.169.254/latest"}, "metadata service"),
        ({"base_url": "http://[fd00:ec2::254]/"}, "metadata service"),
        ({"base_url": "http://[broken/"}, "Must be an address such as"),
        ({"secret": "two words"}, "A key is one word"),
        ({"secret": "schlüssel"}, "A key is one word"),
        ({"secret": "a\nb"}, "A key is one word"),
    ],
)
def test_what_cannot_be_a_provider_is_refused_beside_its_field(owner: Client, given: dict[str, str], said: str) -> None:
    answer = owner.post(NEW, form(**given))
    assert answer.status_code == 400
    assert said in answer.text
    assert not ModelProvider.objects.exists()


def test_a_refused_form_keeps_what_was_typed_but_for_the_key(owner: Client) -> None:
    text = owner.post(NEW, form(name="two words", secret=KEY)).text
    assert 'value="two words"' in text
    assert KEY not in text
    assert "A key has to be typed again." in text


def test_a_name_is_taken_once_in_a_project(owner: Client, provider: ModelProvider) -> None:
    answer = owner.post(NEW, form())
    assert answer.status_code == 400
    assert "Another provider of this project has this name." in answer.text
    ModelProvider.objects.create(project=factories.project(), name="theirs", base_url="https://models.example/v1")
    assert owner.post(NEW, form(name="theirs")).status_code == 302


def test_a_local_server_is_a_fine_provider(owner: Client) -> None:
    assert owner.post(NEW, form(base_url="http://127.0.0.1:11434/v1")).status_code == 302


# Changing


def test_an_empty_key_field_keeps_the_key(owner: Client, project: Project, provider: ModelProvider) -> None:
    owner.post(f"{of(provider)}edit", form(base_url="https://models.example/v2", default_model="m-2"))
    row = ModelProvider.objects.get()
    assert (row.base_url, row.default_model, secret_of(project)) == ("https://models.example/v2", "m-2", KEY)


def test_a_key_is_replaced_and_removed(owner: Client, project: Project, provider: ModelProvider) -> None:
    owner.post(f"{of(provider)}edit", form(secret="sk-new"))
    assert secret_of(project) == "sk-new"
    owner.post(f"{of(provider)}edit", form(remove_secret="on"))
    assert secret_of(project) == ""
    assert "No key is stored." in owner.get(of(provider)).text


@pytest.mark.parametrize("address", ["https://elsewhere.example/v1", "http://models.example/v1", "https://models.example:8443/v1"])
def test_another_server_does_not_get_the_key(owner: Client, project: Project, provider: ModelProvider, address: str) -> None:
    answer = owner.post(f"{of(provider)}edit", form(base_url=address), follow=True)
    assert "it was removed" in answer.text
    assert secret_of(project) == ""
    owner.post(f"{of(provider)}edit", form(base_url="https://models.example/v1", secret="sk-back"))
    assert secret_of(project) == "sk-back", "a key that comes with the address is the address's"


def test_a_refused_change_changes_nothing_and_keeps_the_page_true(owner: Client, project: Project, provider: ModelProvider) -> None:
    answer = owner.post(f"{of(provider)}edit", form(name="", base_url="https://elsewhere.example"))
    assert answer.status_code == 400
    assert "at <code>https://models.example/v1</code>" in answer.text
    assert secret_of(project) == KEY


def test_a_switched_off_provider_is_not_asked(owner: Client, project: Project, provider: ModelProvider) -> None:
    owner.post(f"{of(provider)}edit", form() | {"is_active": ""})
    assert load_providers(project).by_name == {}
    assert "switched off" in owner.get(of(provider)).text


def test_two_names_that_meet_in_the_database_are_a_sentence(project: Project, provider: ModelProvider) -> None:
    with pytest.raises(ValidationError, match="has this name"):
        provider_create(project=project, name="mine", base_url="https://models.example/v1")


def test_a_deleted_provider_is_gone(owner: Client, project: Project, provider: ModelProvider) -> None:
    answer = owner.post(f"{of(provider)}delete", follow=True)
    assert "The provider mine is deleted" in answer.text
    assert not ModelProvider.objects.exists()
    assert owner.post(f"{of(provider)}delete").status_code == 404


# Who may


def test_members_read_and_change_nothing(editor: Client, provider: ModelProvider) -> None:
    text = editor.get(of(provider)).text
    assert "https://models.example/v1" in text
    assert "Address and key" not in text
    for path in (f"{of(provider)}edit", f"{of(provider)}delete", NEW, TEST):
        assert editor.post(path, form(name="theirs")).status_code == 403
    assert editor.get(NEW).status_code == 403
    assert ModelProvider.objects.get().name == "mine"


def test_another_projects_provider_does_not_exist(owner: Client) -> None:
    theirs = provider_create(project=factories.project(), name="theirs", base_url="https://models.example/v1", secret=KEY)
    for path in (f"{of(theirs)}edit", f"{of(theirs)}delete", f"{LIST}{uuid.uuid4()}/edit"):
        assert owner.post(path, form()).status_code == 404
    assert "is not a provider that is in use here" in owner.post(TEST, {"provider": "theirs"}).text


def test_another_site_changes_nothing(owner: Client, provider: ModelProvider) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    strict.cookies = owner.cookies
    for path in (NEW, TEST, f"{of(provider)}edit", f"{of(provider)}delete"):
        assert strict.post(path, form(provider="mine")).status_code == 403


def test_pages_cost_a_constant_number_of_queries(
    owner: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [provider_create(project=project, name=f"p-{number}", base_url="https://models.example/v1") for number in range(4)]
    with django_assert_num_queries(5):  # session, person, memberships, providers, loads
        owner.get(LIST)
    with django_assert_num_queries(6):  # session, person, memberships, the row, its load, its prices
        owner.get(of(rows[0]))


def test_what_stands_in_the_environment_is_shown_and_not_changed(owner: Client, settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"openai_api_key": KEY})
    text = owner.get(LIST).text
    assert "from the environment" in text
    assert KEY not in text
    assert "<option>openai</option>" in text
