import pytest
from django.contrib.auth.models import User
from django.test import Client

from evalhub.accounts.links import sign_in_path
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def person() -> User:
    return factories.owner(project=factories.project())


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_page_says_how_to_get_in_without_a_password(client: Client) -> None:
    assert "evalhub sign-in-link" in client.get("/sign-in").text


def test_a_password_signs_in_and_leads_on(client: Client, person: User) -> None:
    response = client.post("/sign-in", {"username": person.username, "password": PASSWORD, "next": "/runs/?status=failed"})
    assert (response.status_code, response["Location"]) == (302, "/runs/?status=failed")
    assert signed_in(client)


def test_a_wrong_password_is_said_without_saying_which_part_was_wrong(client: Client, person: User) -> None:
    response = client.post("/sign-in", {"username": person.username, "password": "no"})
    assert "Please enter a correct username and password." in response.text
    assert not signed_in(client)


def test_an_empty_form_says_what_is_missing(client: Client) -> None:
    assert "Fill in both fields." in client.post("/sign-in", {}).text


def test_it_never_leads_to_another_site(client: Client, person: User) -> None:
    response = client.post("/sign-in", {"username": person.username, "password": PASSWORD, "next": "https://evil.example/"})
    assert response["Location"] == "/"


def test_a_link_signs_in_once(client: Client, person: User) -> None:
    path = sign_in_path(person)
    assert client.get(f"{path}?next=/runs/")["Location"] == "/runs/"
    assert signed_in(client)
    second = Client().get(path)
    assert second.status_code == 410
    assert "This link is used up" in second.text


@pytest.mark.parametrize(
    "target", ["//evil.example/", "///evil.example", "/\\evil.example", "https://evil.example/", "word", "run-list", "runs/", ""]
)
def test_a_link_leads_to_a_path_of_this_site_or_home(client: Client, person: User, target: str) -> None:
    response = client.get(sign_in_path(person), {"next": target})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert signed_in(client)


@pytest.mark.parametrize("path", ["/sign-in/MQ/nonsense", "/sign-in/!!/x", "/sign-in/OTk5/c0ffee-0123456789abcdef"])
def test_a_wrong_link_says_how_to_get_a_new_one(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 410
    assert "evalhub sign-in-link" in response.text


def test_signing_out_is_a_form_and_ends_the_session(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert not signed_in(client)


def test_only_staff_see_the_admin_link(client: Client) -> None:
    project = factories.project()
    client.force_login(factories.teammate(project=project))
    assert 'href="/admin/"' not in client.get("/runs/").text
    client.force_login(factories.owner(project=project))
    assert 'href="/admin/"' in client.get("/runs/").text


def test_somebody_who_is_signed_in_is_not_led_in_circles(client: Client, person: User) -> None:
    client.force_login(person)
    response = client.get("/sign-in?next=/sign-in")
    assert (response.status_code, response["Location"]) == (302, "/")
