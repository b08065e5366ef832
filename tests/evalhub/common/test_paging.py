"""Cursors: what was written is read again, and nothing else is."""

import base64
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from evalhub.common.paging import read_cursor, write_cursor
from evalhub.common.problems import Problem

KEY = uuid.UUID("0b3b3a52-6c1f-4b0e-9d7e-8f9a9d0a2a11")


def crafted(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_a_cursor_is_read_as_the_place_it_was_written_for(zone: timezone) -> None:
    moment = datetime(2026, 3, 3, 9, 0, 0, 123456, tzinfo=zone)
    assert read_cursor(write_cursor(moment, KEY)) == (moment, KEY)


def test_no_cursor_is_no_place() -> None:
    assert read_cursor("") is None


@pytest.mark.parametrize(
    "cursor",
    [
        "zzz",
        "\u00e9",
        crafted("2026-01-01|ab"),
        crafted(f"2026-01-01T00:00:00|{KEY.hex}"),
        crafted(f"0001-01-01T00:00:00+14:00|{KEY.hex}"),
        crafted(f"9999-12-31T23:59:59-14:00|{KEY.hex}"),
    ],
)
def test_a_cursor_that_was_never_written_here_is_refused_where_it_stands(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        read_cursor(cursor)
    assert refused.value.status == 422
    assert refused.value.errors[0]["location"] == "query.cursor"
