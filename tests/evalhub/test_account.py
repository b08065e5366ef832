"""A person's own account: password, the browsers they are signed in with, and what other people's are to them: nothing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts import sessions
from evalhub.accounts.links import sign_in_path
from evalhub.accounts.models import PersonSession
from evalhub.accounts.senders import browser_words, client_address, neighbourhood
from evalhub.accounts.web import account
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "correct horse battery", "staple gun overture"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1"


@pytest.fixture
def ada() -> User:
    return factories.user(project=factories.project(name="kitchen"), name="ada")


def browser(person: User, user_agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    """Signed in by password, as people do."""
    client = Client(headers={"User-Agent": user_agent}, REMOTE_ADDR=address)
    assert client.post("/sign-in", {"username": person.username, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def row_of(client: Client) -> PersonSession:
    return PersonSession.objects.get(session_key=client.session.session_key)


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = "") -> tuple[int, str]:
    given = {"old_password": old, "new_password1": new, "new_password2": again or new}
    answer = client.post("/account/password", given, follow=True)
    return answer.status_code, answer.text


# Password


def test_a_changed_password_signs_out_every_other_browser_and_keeps_this_one(ada: User) -> None:
    here, elsewhere = browser(ada), browser(ada, SAFARI)
    status, text = change(here)
    assert status == 200
    assert "Your password is changed. 1 other browser is signed out." in text
    assert is_in(here)
    assert not is_in(elsewhere)
    assert PersonSession.objects.count() == Session.objects.count() == 1
    assert "this one" in here.get("/account/").text
    assert User.objects.get().check_password(NEW)


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, "", "Your old password was entered incorrectly."),
        (PASSWORD, "short", "", "at least 10 characters"),
        (PASSWORD, "password123", "", "too common"),
        (PASSWORD, NEW, "another thing", "match"),
        (PASSWORD, "", "", "This field is required."),
    ],
)
def test_what_cannot_be_the_password_is_said_and_nothing_is_shown_again(ada: User, old: str, new: str, again: str, said: str) -> None:
    status, text = change(browser(ada), old, new, again)
    assert status == 400
    assert said in text
    assert NEW not in text
    assert User.objects.get().check_password(PASSWORD)


def test_who_came_by_a_link_chooses_a_password_without_an_old_one(ada: User) -> None:
    ada.set_unusable_password()
    ada.save()
    client = Client()
    client.get(sign_in_path(ada))
    assert "Choose a password" in client.get("/account/").text
    client.post("/account/password", {"new_password1": NEW, "new_password2": NEW})
    assert User.objects.get().check_password(NEW)
    assert is_in(client)


def test_who_has_a_password_does_not_change_it_without_the_old_one(ada: User) -> None:
    client = browser(ada)
    assert client.post("/account/password", {"new_password1": NEW, "new_password2": NEW}).status_code == 400


def test_tries_to_change_a_password_are_counted(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "TRIES", "2/day")
    client = browser(ada)
    assert [change(client, old="wrong")[0] for _ in range(3)] == [400, 400, 429]
    assert change(client)[0] == 429


# Browsers


def test_the_list_says_which_browser_from_where_and_which_one_is_this(ada: User) -> None:
    here, _ = browser(ada), browser(ada, SAFARI, "2001:db8::7")
    text = here.get("/account/").text
    for words in ("Firefox on Linux", "Safari on iPhone", "192.0.2.7", "2001:db8::7", "this one"):
        assert words in text
    assert here.session.session_key not in text


def test_one_other_browser_is_signed_out(ada: User) -> None:
    here, phone, work = browser(ada), browser(ada, SAFARI), browser(ada)
    assert "That browser is signed out." in here.post(f"/account/sessions/{row_of(phone).pk}/end", follow=True).text
    assert (is_in(here), is_in(phone), is_in(work)) == (True, False, True)


def test_the_browser_at_hand_is_not_ended_from_the_list(ada: User) -> None:
    here = browser(ada)
    here.post(f"/account/sessions/{row_of(here).pk}/end")
    assert is_in(here)


def test_all_others_are_signed_out(ada: User) -> None:
    here, phone, work = browser(ada), browser(ada, SAFARI), browser(ada)
    assert "2 other browsers are signed out." in here.post("/account/sessions/end-others", follow=True).text
    assert (is_in(here), is_in(phone), is_in(work)) == (True, False, False)


def test_somebody_elses_browser_is_not_there(ada: User) -> None:
    eve = factories.user(name="eve")
    theirs = browser(eve)
    here = browser(ada)
    here.post(f"/account/sessions/{row_of(theirs).pk}/end")
    here.post("/account/sessions/end-others")
    assert is_in(theirs)
    assert "eve" not in here.get("/account/").text


def test_signing_out_leaves_the_list(ada: User) -> None:
    browser(ada).post("/sign-out")
    assert not PersonSession.objects.exists()


def test_sessions_that_are_over_are_not_shown_and_go_with_the_next_sign_in(ada: User) -> None:
    browser(ada, SAFARI)
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    here = browser(ada)
    assert "iPhone" not in here.get("/account/").text
    assert PersonSession.objects.count() == 1


def test_a_session_from_before_the_list_gets_into_it(ada: User) -> None:
    here = browser(ada)
    PersonSession.objects.all().delete()
    sessions._seen.clear()
    here.get("/account/")
    assert row_of(here).browser == "Firefox on Linux"


def test_a_browser_is_seen_at_most_once_in_ten_minutes(ada: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    here = browser(ada)
    long_ago = timezone.now() - timedelta(hours=1)
    PersonSession.objects.update(seen_at=long_ago)
    with django_assert_num_queries(4):  # session, person, browsers, memberships
        here.get("/account/")
    assert row_of(here).seen_at == long_ago
    sessions._seen.clear()
    here.get("/account/")
    assert row_of(here).seen_at > long_ago


def test_an_api_request_with_a_key_notes_nothing(ada: User) -> None:
    Client().get("/api/v1/agents", headers={"Authorization": "Bearer sk_x"})
    assert not PersonSession.objects.exists()


# Who may


def test_a_visitor_is_led_to_sign_in(client: Client) -> None:
    assert client.get("/account/")["Location"] == "/sign-in?next=/account/"
    for path in ("password", "sessions/end-others", "sessions/1/end"):
        assert client.post(f"/account/{path}")["Location"].startswith("/sign-in")


def test_somebody_without_a_project_has_an_account_too() -> None:
    client = browser(factories.user(name="nora"))
    assert "You are in no project yet" in client.get("/account/").text


def test_another_site_changes_nothing(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    strict.cookies = browser(ada).cookies
    for path in ("password", "sessions/end-others", "sessions/1/end"):
        assert strict.post(f"/account/{path}").status_code == 403


# Where a request comes from


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (2, "1.1.1.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "unknown", "192.0.2.1"),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "203.0.113.9:5000", "203.0.113.9"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "fe80::1%eth0", "fe80::1"),
    ],
)
def test_forwarded_addresses_count_as_far_as_proxies_are_trusted(settings: object, proxies: int, forwarded: str, found: str) -> None:
    settings.TRUSTED_PROXIES = proxies  # type: ignore[attr-defined]
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == found


def test_one_customer_of_ipv6_is_one_sender() -> None:
    assert neighbourhood("2001:db8:1:2:3::4") == neighbourhood("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood("") == "unknown"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15", "Safari on macOS"),
        ("", "Unknown browser"),
        ("<script>" * 500, "Unknown browser"),
    ],
)
def test_a_browser_is_told_in_words(agent: str, words: str) -> None:
    assert browser_words(agent) == words
