"""How often a password may be tried: by name and address, and by address; a stranger locks out nobody but themselves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from evalhub.accounts.links import sign_in_path
from evalhub.accounts.models import SignInTally
from evalhub.accounts.sign_in_limits import BY_ADDRESS, BY_NAME, KEPT, WINDOW, sign_in_try
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
HERE, THERE = "192.0.2.1", "203.0.113.9"


@pytest.fixture
def ada() -> User:
    return factories.user(project=factories.project(), name="ada")


def tried(username: str = "ada", password: str = "wrong", address: str = HERE) -> int:
    return Client(REMOTE_ADDR=address).post("/sign-in", {"username": username, "password": password}).status_code


def guessed(times: int = BY_NAME.most, username: str = "ada", address: str = HERE) -> set[int]:
    return {tried(username, address=address) for _ in range(times)}


def test_ten_wrong_tries_are_answered_and_the_next_one_waits(ada: User) -> None:
    assert guessed() == {200}
    answer = Client(REMOTE_ADDR=HERE).post("/sign-in", {"username": "ada", "password": "wrong"})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= WINDOW.total_seconds()
    assert "Too many tries from here." in answer.text
    assert 'value="ada"' in answer.text


def test_the_right_password_waits_too(ada: User) -> None:
    guessed()
    assert tried(password=PASSWORD) == 429


def test_a_name_that_does_not_exist_is_answered_the_same(ada: User) -> None:
    pages = []
    for name in ("ada", "nobody"):
        statuses = [tried(name, address=address) for address in (HERE,) for _ in range(BY_NAME.most + 1)]
        page = Client(REMOTE_ADDR=HERE).post("/sign-in", {"username": name, "password": "wrong"})
        pages.append((statuses, page.status_code, "Too many tries" in page.text))
    assert pages[0] == pages[1]


def test_a_stranger_locks_out_only_themselves(ada: User) -> None:
    guessed(address=THERE)
    assert tried(password=PASSWORD, address=THERE) == 429
    assert tried(password=PASSWORD, address=HERE) == 302


def test_the_one_time_link_works_meanwhile(ada: User) -> None:
    guessed()
    client = Client(REMOTE_ADDR=HERE)
    assert client.get(sign_in_path(ada)).status_code == 302
    assert client.get("/account/").status_code == 200


def test_the_wait_ends(ada: User) -> None:
    guessed()
    SignInTally.objects.update(since=timezone.now() - WINDOW)
    assert tried(password=PASSWORD) == 302


def test_refused_tries_do_not_make_the_wait_longer(ada: User) -> None:
    guessed()
    before = set(SignInTally.objects.values_list("since", "tries"))
    tried()
    after = set(SignInTally.objects.values_list("since", "tries"))
    assert {tries for _, tries in after} <= {BY_NAME.most, BY_NAME.most + 1}
    assert {since for since, _ in after} == {since for since, _ in before}


def test_a_right_password_forgives_the_wrong_ones_before_it(ada: User) -> None:
    for _ in range(3):
        guessed(BY_NAME.most - 1)
        assert tried(password=PASSWORD) == 302


def test_signing_in_often_is_no_failure(ada: User) -> None:
    for _ in range(BY_NAME.most + 2):
        assert tried(password=PASSWORD) == 302
    assert set(SignInTally.objects.values_list("tries", flat=True)) == {0}


def test_many_names_from_one_address_wait_together(ada: User) -> None:
    for number in range(BY_ADDRESS.most):
        assert sign_in_try(username=f"name-{number}", address=HERE) == 0
    assert tried("another") == 429
    assert tried(password=PASSWORD, address=THERE) == 302


def test_one_address_leaves_no_more_rows_than_its_limit() -> None:
    for number in range(BY_ADDRESS.most + 30):
        sign_in_try(username=f"name-{number}", address=HERE)
    assert SignInTally.objects.count() == BY_ADDRESS.most + 1


@pytest.mark.parametrize("name", ["ADA", " ada ", "Ada", "ａｄａ"])
def test_a_name_is_the_same_however_it_is_written(ada: User, name: str) -> None:
    guessed()
    assert tried(name) == 429


def test_a_clock_that_was_set_back_makes_nobody_wait_longer(ada: User) -> None:
    guessed()
    SignInTally.objects.update(since=timezone.now() + timedelta(days=30))
    assert tried(password=PASSWORD) == 302


def test_what_was_typed_is_not_stored(ada: User) -> None:
    tried("my-password-by-mistake")
    assert "my-password" not in str(list(SignInTally.objects.values()))


def test_old_counts_are_removed_by_and_by() -> None:
    SignInTally.objects.create(key="old", since=timezone.now() - KEPT - timedelta(hours=1), tries=3)
    sign_in_try(username="ada", address=HERE)
    assert not SignInTally.objects.filter(key="old").exists()


def test_an_empty_form_is_no_try() -> None:
    for given in ({}, {"username": "ada"}, {"password": "x"}):
        assert Client().post("/sign-in", given).status_code == 200
    assert not SignInTally.objects.exists()


def test_odd_names_are_no_error_of_ours() -> None:
    for name in ("\x00", "a" * 5000, "🐈", "a\nb"):
        assert Client().post("/sign-in", {"username": name, "password": "x"}).status_code == 200


# The admin pages have the same door


def test_the_admin_pages_send_to_the_one_sign_in(client: Client) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/sign-in?next=/admin/"
    assert client.post("/admin/login/", {"username": "ada", "password": "x"}).status_code == 405
    assert client.get("/admin/login/?next=//evil.example/")["Location"] == "/sign-in?next=/admin/"


def test_who_is_no_staff_is_told_so_and_not_led_in_circles(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.get("/admin/", follow=True).status_code == 403


# Many at once


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads
        for _ in range(8):
            threads.submit(connections.close_all)


@pytest.mark.django_db(transaction=True)
def test_twins_are_counted_one_by_one(pool: ThreadPoolExecutor) -> None:
    def one(_: int) -> int:
        try:
            return sign_in_try(username="ada", address=HERE)
        finally:
            connections.close_all()

    waits = list(pool.map(one, range(30)))
    assert sum(wait == 0 for wait in waits) == BY_NAME.most
