"""API keys on the settings page: made once, shown once, revoked; for owners."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import ApiKey, Project, Role
from evalhub.accounts.services import api_key_create, key_hash
from tests import factories

pytestmark = pytest.mark.django_db
PATH = "/settings/keys/"


@pytest.fixture
def project() -> Project:
    return factories.project(name="kitchen")


@pytest.fixture
def person(project: Project) -> User:
    return factories.user(project=project, name="ada")


@pytest.fixture
def owner(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def viewer(project: Project) -> Client:
    client = Client()
    client.force_login(factories.teammate(project=project))
    return client


def form(**given: object) -> dict[str, object]:
    return {"key_id": str(uuid.uuid4()), "name": "nightly", "scopes": ["read", "run"], "expires_on": ""} | given


def token_in(text: str) -> str:
    found = re.search(r'<code id="token">(sk_[\w-]+)</code>', text)
    assert found
    return found.group(1)


def key_of(project: Project, name: str = "nightly", **given: object) -> ApiKey:
    return api_key_create(project=project, name=name, **given)[0]  # type: ignore[arg-type]


def test_a_new_key_is_shown_once_and_works(owner: Client, project: Project, person: User) -> None:
    answer = owner.post(PATH, form())
    token = token_in(answer.text)
    assert "no-store" in answer["Cache-Control"]
    key = ApiKey.objects.get(project=project)
    assert (key.name, key.scopes, key.created_by, key.key_hash) == ("nightly", ["read", "run"], person, key_hash(token))
    assert token not in owner.get(PATH).text
    assert Client().get("/api/v1/agents", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_form_that_is_sent_again_makes_no_second_key_and_shows_none(owner: Client) -> None:
    given = form()
    owner.post(PATH, given)
    again = owner.post(PATH, given, follow=True)
    assert "This form was sent before" in again.text
    assert "sk_" not in again.text.replace("sk_…", "").replace(ApiKey.objects.get().prefix, "")
    assert ApiKey.objects.count() == 1


def test_each_opening_of_the_page_can_make_another_key(owner: Client) -> None:
    ids = set(re.findall(r'name="key_id" value="([^"]+)"', owner.get(PATH).text + owner.get(PATH).text))
    assert len(ids) == 2


def test_an_id_of_another_projects_key_makes_nothing(owner: Client) -> None:
    theirs = key_of(factories.project())
    answer = owner.post(PATH, form(key_id=str(theirs.pk)))
    assert (answer.status_code, ApiKey.objects.count()) == (302, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "  "}, "This field is required."),
        ({"name": "a" * 81}, "at most 80 characters"),
        ({"name": "a\x00b"}, "Null characters are not allowed."),
        ({"scopes": []}, "Choose at least one thing that the key may do."),
        ({"scopes": ["admin"]}, "admin is not one of the available choices."),
        ({"expires_on": "2001-01-01"}, "Choose a day from today on"),
        ({"expires_on": "9999-12-31"}, "Choose a day from today on"),
        ({"expires_on": "soon"}, "Enter a valid date."),
    ],
)
def test_what_cannot_be_a_key_is_refused_beside_its_field_and_kept(owner: Client, given: dict[str, object], said: str) -> None:
    answer = owner.post(PATH, form(**given))
    assert answer.status_code == 400
    assert said in answer.text
    assert ApiKey.objects.count() == 0


def test_a_refused_form_keeps_what_was_chosen(owner: Client) -> None:
    text = owner.post(PATH, form(name="", scopes=["write"])).text
    assert 'value="write" checked' in text
    assert 'value="read" checked' not in text


def test_a_broken_form_id_is_no_error_of_ours(owner: Client) -> None:
    assert owner.post(PATH, form(key_id="nonsense")).status_code == 400


def test_a_last_day_holds_until_its_end(owner: Client) -> None:
    today = timezone.now().astimezone(UTC).date()
    owner.post(PATH, form(expires_on=today.isoformat()))
    assert ApiKey.objects.get().expires_at == datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC)


def test_an_expired_key_opens_nothing_and_says_so(project: Project) -> None:
    key, token = api_key_create(project=project, name="old", expires_at=timezone.now() + timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/agents", headers=headers).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now())
    answer = Client().get("/api/v1/agents", headers=headers)
    assert answer.status_code == 401
    assert "has expired" in answer.json()["detail"]
    key.revoke()
    assert "it was revoked" in Client().get("/api/v1/agents", headers=headers).json()["detail"]


def test_the_list_says_who_made_a_key_and_what_became_of_it(owner: Client, project: Project, person: User) -> None:
    key_of(project, "by hand", created_by=person)
    key_of(project, "by command")
    key_of(project, "bygone", expires_at=timezone.now() - timedelta(days=1))
    key_of(project, "gone").revoke()
    text = owner.get(PATH).text
    live, _, ended = text.partition("Revoked and expired")
    assert "by ada" in live
    assert "by the command" in live
    assert "bygone" not in live
    assert "revoked <time" in ended
    assert "expired <time" in ended


def test_a_revoked_key_opens_nothing_and_the_list_keeps_it(owner: Client, project: Project) -> None:
    key, token = api_key_create(project=project, name="lost")
    answer = owner.post(f"{PATH}{key.pk}/revoke", follow=True)
    assert "The key lost is revoked" in answer.text
    assert Client().get("/api/v1/agents", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert "No key yet" in answer.text


def test_revoking_twice_keeps_the_first_moment(owner: Client, project: Project) -> None:
    key = key_of(project)
    owner.post(f"{PATH}{key.pk}/revoke")
    first = ApiKey.objects.get().revoked_at
    owner.post(f"{PATH}{key.pk}/revoke")
    assert ApiKey.objects.get().revoked_at == first


def test_another_projects_key_does_not_exist(owner: Client) -> None:
    theirs = key_of(factories.project())
    assert owner.post(f"{PATH}{theirs.pk}/revoke").status_code == 404
    assert ApiKey.objects.get().revoked_at is None
    assert theirs.prefix not in owner.get(PATH).text


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_who_does_not_own_the_project_is_told_what_is_theirs_to_see(project: Project, role: str) -> None:
    client = Client()
    client.force_login(factories.user(project=project, role=role))
    key = key_of(project)
    for answer in (client.get(PATH), client.post(PATH, form())):
        assert answer.status_code == 403
        assert "API keys are for owners" in answer.text
        assert key.prefix not in answer.text
    assert client.post(f"{PATH}{key.pk}/revoke").status_code == 403
    assert ApiKey.objects.get().revoked_at is None


def test_a_stranger_and_a_visitor_see_nothing(client: Client, project: Project) -> None:
    assert client.get(PATH)["Location"] == f"/sign-in?next={PATH}"
    key = key_of(project)
    client.force_login(factories.stranger())
    assert key.prefix not in client.get(PATH).text


def test_another_site_makes_and_revokes_nothing(owner: Client, project: Project) -> None:
    key = key_of(project)
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    strict.cookies = owner.cookies
    assert strict.post(PATH, form()).status_code == 403
    assert strict.post(f"{PATH}{key.pk}/revoke").status_code == 403
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_a_link_revokes_nothing(owner: Client, project: Project) -> None:
    assert owner.get(f"{PATH}{key_of(project).pk}/revoke").status_code == 405


def test_names_are_shown_as_they_are(owner: Client, project: Project) -> None:
    key_of(project, "<script>alert(1)</script>")
    assert "<script>alert" not in owner.get(PATH).text


def test_the_page_costs_the_same_for_many_keys(
    owner: Client, project: Project, person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        key_of(project, f"key {number}", created_by=person)
        key_of(project, f"gone {number}").revoke()
    with django_assert_num_queries(5):  # session, person, memberships, live keys, ended keys
        owner.get(PATH)


def test_settings_lead_to_the_first_tab_that_one_may_see(owner: Client, viewer: Client) -> None:
    assert owner.get("/settings/")["Location"] == PATH
    assert viewer.get("/settings/")["Location"] == "/settings/members/"
