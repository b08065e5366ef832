"""The vocabulary of failures."""

import re

from templates_app.reasons import FailureReason, meaning


def test_each_reason_has_a_name_for_programs_and_a_sentence_for_people() -> None:
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", reason) and reason == reason.name.lower() for reason in FailureReason)
    assert all(re.fullmatch(r"[A-Z][^\n]{10,}\.", reason.meaning) for reason in FailureReason)


def test_meanings_differ() -> None:
    assert len({reason.meaning for reason in FailureReason}) == len(FailureReason)


def test_a_stored_reason_of_another_vintage_is_shown_as_it_is() -> None:
    assert meaning("timeout") == "The server did not answer in time."
    assert meaning("of_an_older_vintage") == "of_an_older_vintage"
