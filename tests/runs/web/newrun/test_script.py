"""Sessions and turns as rows, by buttons that need no script."""

import re

import pytest
from django.test import Client

from agents.models import Agent
from runs.models import EvalRun
from runs.web.newrun.script import Script, Session, Turn
from tests.runs.web.newrun.conftest import NEW, Fill, html, typed_rows

ROWS = {
    "session__0__name": "A",
    "session__0__turn__0": "a0",
    "session__0__turn__1": "a1",
    "session__1__name": "B",
    "session__1__gap": "5",
    "session__1__turn__0": "b0",
}


@pytest.mark.parametrize(
    ("button", "rows"),
    [
        ("update", [("A", ["a0", "a1"]), ("B", ["b0"])]),
        ("session-add", [("A", ["a0", "a1"]), ("B", ["b0"]), ("", [])]),
        ("session-0-remove", [("B", ["b0"])]),
        ("session-0-down", [("B", ["b0"]), ("A", ["a0", "a1"])]),
        ("session-1-up", [("B", ["b0"]), ("A", ["a0", "a1"])]),
        ("session-0-turn-add", [("A", ["a0", "a1", ""]), ("B", ["b0"])]),
        ("session-0-turn-0-remove", [("A", ["a1"]), ("B", ["b0"])]),
        ("session-0-turn-1-up", [("A", ["a1", "a0"]), ("B", ["b0"])]),
        ("session-0-turn-0-down", [("A", ["a1", "a0"]), ("B", ["b0"])]),
        ("session-99-remove", [("A", ["a0", "a1"]), ("B", ["b0"])]),
        ("drop table", [("A", ["a0", "a1"]), ("B", ["b0"])]),
    ],
)
def test_a_button_changes_rows_and_keeps_all_that_was_typed(
    owner: Client, filled: Fill, button: str, rows: list[tuple[str, list[str]]]
) -> None:
    answer = owner.post(NEW, filled(**ROWS, repeats="", turns="nonsense", do=button))
    assert answer.status_code == 200
    assert typed_rows(answer) == rows
    assert 'value="nonsense"' in html(answer)
    assert "field-error" not in html(answer)
    assert not EvalRun.objects.exists()


def test_htmx_gets_the_rows_and_the_estimate_alone(owner: Client, filled: Fill) -> None:
    answer = owner.post(NEW, filled(**ROWS, do="session-add"), headers={"HX-Request": "true"})
    page = html(answer)
    assert "<html" not in page
    assert 'id="script"' in page
    assert 'id="estimate" hx-swap-oob="true"' in page
    assert re.search(r'id="session-2-name"[^>]* autofocus', page)


def test_the_first_button_of_the_form_is_one_that_costs_nothing(owner: Client, agent: Agent) -> None:
    """Enter in a field presses it."""
    form = owner.get(NEW).content.decode().partition('id="new-run"')[2]
    assert re.search(r'<button[^>]*name="do" value="(\w+)"', form)[1] == "update"  # type: ignore[index]


def test_the_last_session_stays() -> None:
    script = Script([Session(name="A")])
    script.press("session-0-remove")
    assert [session.name for session in script.sessions] == ["A"]


def test_the_focus_stays_with_what_was_moved() -> None:
    script = Script([Session(turns=[Turn("a"), Turn("b"), Turn("c")])])
    assert script.press("session-0-turn-2-up") == "session-0-turn-1-up"
    assert script.press("session-0-turn-1-up") == "session-0-turn-0-down"  # up is off there
    assert script.press("session-0-turn-add") == "session-0-turn-3"


def test_a_form_takes_so_many_rows_and_no_more() -> None:
    script = Script([Session(turns=[Turn("x")] * 300)])
    script.press("session-0-turn-add")
    assert script.turns == 300
    assert not Script([Session(turns=[Turn("x")] * 301)]).check()
