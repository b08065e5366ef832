"""Ids as people and clients write them."""

import uuid

import pytest

from evalhub.common.ids import id_or_none

KEY = uuid.UUID("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")


@pytest.mark.parametrize("text", [str(KEY), KEY.hex, str(KEY).upper()])
def test_an_id_is_read_however_it_is_written(text: str) -> None:
    assert id_or_none(text) == KEY


@pytest.mark.parametrize("text", [None, "", "x", str(KEY)[:-1], "\x00", "é" * 32, "1" * 100_000])
def test_what_is_no_id_is_none(text: str | None) -> None:
    assert id_or_none(text) is None
