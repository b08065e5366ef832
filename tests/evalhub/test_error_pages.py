import sqlite3

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.template.loader import render_to_string
from django.test import Client

from tests import factories


@pytest.mark.django_db
def test_a_wrong_address_is_said_also_to_those_who_are_not_signed_in(client: Client) -> None:
    response = client.get("/nothing-here")
    assert response.status_code == 404
    assert "There is nothing here" in response.text


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500", "503"])
def test_every_error_page_renders_without_a_request(code: str) -> None:
    """Django shows 500.html without any context, since the context may be what broke."""
    page = render_to_string(f"{code}.html")
    assert 'href="/runs/"' in page
    assert "Sign out" not in page


@pytest.mark.django_db
def test_a_page_without_its_database_is_a_503_that_says_when_to_come_back() -> None:
    """As a reader's browser sees it: the exception goes through the whole of Django."""
    project = factories.project()
    client = Client(raise_request_exception=False)
    client.force_login(factories.owner(project=project))
    away = sqlite3.OperationalError("unable to open database file")
    away.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN

    def broken(execute: object, sql: str, *rest: object) -> None:
        raise OperationalError("unable to open database file") from away

    with connection.execute_wrapper(broken):
        response = client.get("/runs/")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "The database does not answer" in response.text


@pytest.mark.django_db
def test_an_error_that_is_no_outage_stays_a_500() -> None:
    client = Client(raise_request_exception=False)
    client.force_login(factories.owner(project=factories.project()))

    def broken(execute: object, sql: str, *rest: object) -> None:
        raise ProgrammingError("no such column")

    with connection.execute_wrapper(broken):
        response = client.get("/runs/")
    assert response.status_code == 500
    assert "Retry-After" not in response
