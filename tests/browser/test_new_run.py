"""A run is put together in the browser: rows by keyboard, live figures, a draft that survives, and a start that leads to the run."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

Picture = Callable[..., None]
NEW = "/runs/new/"
ACTIVE = "document.activeElement.id"
KEPT = "Object.keys(localStorage).some(key => localStorage[key].includes('remember me'))"
ALL_SCRIPTED = "!document.querySelector('#estimate').innerText.includes('demo/user')"
DONE_MS = 60_000


def until(page: "Page", expression: str) -> None:
    """`wait_for_function` is not for pages without eval."""
    deadline = time.monotonic() + 10
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        time.sleep(0.05)


def test_a_scenario_is_written_by_keyboard_and_started(site: Site, open_page: OpenPage, picture: Picture) -> None:
    page = open_page(leads_to=f"{NEW}?agent={site.agent()}")
    estimate = page.locator("#estimate")
    assert "1–5" in estimate.inner_text()
    page.focus("#session-0-turn-add")
    page.keyboard.press("Enter")
    until(page, f"{ACTIVE} == 'session-0-turn-0'")
    page.keyboard.type("Hello, I am Jonas.")
    page.focus("#session-0-turn-add")
    page.keyboard.press("Enter")
    until(page, f"{ACTIVE} == 'session-0-turn-1'")
    page.keyboard.type("What can I cook?")
    page.focus("#session-0-turn-1-up")
    page.keyboard.press("Space")
    until(page, f"{ACTIVE} == 'session-0-turn-0-down'")
    assert page.input_value("#session-0-turn-0") == "What can I cook?"
    until(page, ALL_SCRIPTED)
    picture(page)
    page.click("button[value=start]")
    page.wait_for_url("**/runs/*-*/")
    assert page.locator(".notice-success").count() == 1
    page.wait_for_selector(".pill-completed", timeout=DONE_MS)
    assert page.get_by_text("Hello, I am Jonas.").count() >= 1


def test_enter_in_a_field_starts_nothing(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    page.fill("#session-0-name", "Evening")
    page.press("#session-0-name", "Enter")
    page.wait_for_load_state()
    assert page.url.endswith(NEW)
    assert page.input_value("#session-0-name") == "Evening"


@pytest.mark.parametrize("width", [360, 1280])
def test_it_works_without_a_script(open_page: OpenPage, width: int) -> None:
    page = open_page(leads_to=NEW, java_script_enabled=False, width=width)
    page.click("#session-add")
    page.fill("#session-1-gap", "48")
    page.click("#session-1-turn-add")
    page.fill("#session-1-turn-0", "Me again")
    page.click("button[value=session-1-up]")
    assert page.input_value("#session-0-turn-0") == "Me again"
    assert page.input_value("#session-0-gap") == "48"
    page.click("button[value=start]")
    assert "The run is queued" in page.inner_text(".notice-success")


def test_only_what_belongs_to_the_kind_is_shown(open_page: OpenPage, complaints: list[str]) -> None:
    page = open_page(leads_to=NEW)
    assert page.is_visible("#script")
    assert not page.is_visible("#id_transcript")
    assert not page.is_visible("#id_persona_name")
    page.select_option("#id_persona", "new")
    assert page.is_visible("#id_persona_name")
    page.check("input[value=evaluate]")
    assert page.is_visible("#id_transcript")
    assert not page.is_visible("#script")
    page.fill("#id_transcript", "User: Hello\nNobody: what")
    page.click("button[value=start]")
    page.wait_for_selector(".field-error")
    assert page.input_value("#id_transcript").startswith("User: Hello")
    assert [line for line in complaints if "400" not in line] == []  # which the browser itself reports
    complaints.clear()


def test_a_draft_with_all_its_rows_comes_back(site: Site, open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    page.click("#session-add")
    page.wait_for_selector("#session-1-name")
    page.fill("#session-1-name", "A day later")
    page.click("#session-1-turn-add")
    page.fill("#session-1-turn-0", "Do you remember me?")
    until(page, KEPT)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(site.url + NEW)
    page.click("text=Restore them")
    page.wait_for_selector("#session-1-turn-0")
    assert page.input_value("#session-1-turn-0") == "Do you remember me?"
    assert page.input_value("#session-1-name") == "A day later"


def test_repeats_lead_to_the_list_of_them(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    page.fill("#id_repeats", "3")
    page.wait_for_selector("#estimate .tag >> text=3 runs")
    page.dblclick("button[value=start]")
    page.wait_for_url("**/runs/?group=*")
    assert "3 runs of the same scenario" in page.inner_text(".notice-success")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("path", [NEW, "/settings/budget/"], ids=["new", "budget"])
def test_it_fits_its_window(open_page: OpenPage, picture: Picture, width: int, scheme: str, path: str) -> None:
    page = open_page(width=width, color_scheme=scheme, leads_to=path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page)
