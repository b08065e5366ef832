"""What DATABASE_URL becomes."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from evalhub.settings import database


def test_a_postgresql_server_that_is_gone_without_a_word_is_noticed() -> None:
    options = database("postgres://evalhub@db.example.com/evalhub")["OPTIONS"]
    assert options["connect_timeout"] == 5
    assert options["tcp_user_timeout"] == 20_000


def test_the_address_has_the_last_word() -> None:
    options = database("postgres://evalhub@db.example.com/evalhub?connect_timeout=30&sslmode=require")["OPTIONS"]
    assert int(options["connect_timeout"]) == 30
    assert options["sslmode"] == "require"
    assert options["keepalives_idle"] == 10


@pytest.mark.django_db
def test_the_server_takes_the_options() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has them")
    connection.ensure_connection()
    assert connection.connection.info.get_parameters()["tcp_user_timeout"] == "20000"


def test_sqlite_has_none_of_them() -> None:
    assert "connect_timeout" not in database("sqlite:////tmp/evalhub.sqlite3")["OPTIONS"]


@pytest.mark.parametrize("address", ["redis://127.0.0.1/0", "mysql://u:hunter2@h/n", "garbage", "postgres://u:hunter2#1@h/n"])
def test_an_address_that_cannot_be_used_is_refused_with_what_it_must_look_like(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="postgres://USER:PASSWORD@HOST:5432/NAME") as refused:
        database(address)
    assert "hunter2" not in str(refused.value)
    assert len(str(refused.value)) < 250
