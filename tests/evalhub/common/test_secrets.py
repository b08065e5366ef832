"""What is typed into a form goes along sealed: for one person, for a day."""

import json
import time

from evalhub.common.secrets import SEALED, SEALED_SECONDS, _fernet, encrypt, seal, unseal


def test_a_sealed_text_is_read_by_whom_it_is_for() -> None:
    sealed = seal("p\u00e4ssword", "kitchen 1")
    assert "ssword" not in sealed
    assert unseal(sealed, "kitchen 1") == "p\u00e4ssword"
    assert unseal(sealed, "kitchen 2") == ""
    assert (seal("", "kitchen 1"), unseal("", "kitchen 1"), unseal("junk", "kitchen 1")) == ("", "", "")


def test_neither_an_old_one_nor_a_stored_secret_is_read() -> None:
    then = int(time.time()) - SEALED_SECONDS - 60
    old = _fernet(SEALED).encrypt_at_time(json.dumps(["kitchen 1", "typed"]).encode(), then).decode()
    assert unseal(old, "kitchen 1") == ""
    assert unseal(encrypt(json.dumps(["kitchen 1", "typed"])), "kitchen 1") == ""
