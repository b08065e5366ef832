"""The ways people go, on a real server with a real worker: from the sign-in to a cited turn, and through what goes wrong."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.browser.test_watching_a_run import DONE_MS, press_until, status, turn_ids, wait_for_turns

if TYPE_CHECKING:
    from playwright.sync_api import Page

Picture = Callable[..., None]
NEW_RUN = "/runs/new/"


def write_template(page: "Page", name: str) -> None:
    """A rubric with one category, saved."""
    page.click("text=New template")
    page.fill("#id_name", name)
    page.fill("[name=scoring_rubric]", "Does the assistant keep to what the user can eat?")
    page.fill("[name=category_label]", "Allergies")
    page.fill("[name=category_prompt_instructions]", "0: ignores them. 100: checks every suggestion against them.")
    page.click("button:text('Save template')")
    page.wait_for_selector(".notice-success")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_from_the_door_to_a_cited_turn(site: Site, open_page: OpenPage, picture: Picture, width: int, scheme: str) -> None:
    page = open_page(leads_to="/templates/", width=width, color_scheme=scheme)
    name = f"Kitchen help {width}"
    write_template(page, name)
    page.goto(f"{site.url}{NEW_RUN}?agent={site.agent()}")
    page.select_option("[name=template]", label=name)
    picture(page, "new-run")
    page.click("button[value=start]")
    page.wait_for_url("**/runs/*-*/")
    page.evaluate("window.neverReloaded = true")
    wait_for_turns(page, 2)
    assert page.evaluate("window.neverReloaded")
    page.wait_for_selector("#quality .overall-score", timeout=DONE_MS)
    assert page.locator("#quality .category-head:has-text('Allergies')").count() == 1
    assert "demo" in page.inner_text("#quality")
    quote = page.locator("#quality .evidence a").first
    index = quote.get_attribute("data-cite")
    quote.click()
    cited = page.locator(f"#m-{index}")
    page.wait_for_function("id => location.hash === '#' + id", arg=f"m-{index}")
    assert cited.evaluate("turn => { const box = turn.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight }")
    picture(page, "cited")


def test_a_run_is_started_by_keyboard_alone(site: Site, open_page: OpenPage) -> None:
    page = open_page(leads_to="/runs/")
    press_until(page, "New run")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{NEW_RUN}")
    page.focus("[name=agent]")
    page.keyboard.type("Mara")
    press_until(page, "Start run", 80)
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*-*/")
    page.wait_for_selector("#progress .pill-completed", timeout=DONE_MS)


def test_a_page_goes_on_by_itself_after_the_server_was_killed(site: Site, open_page: OpenPage, complaints: list[str]) -> None:
    page = open_page()
    run = site.start_run(turns=4, sessions=4)
    page.goto(f"{site.url}/runs/{run}/")
    wait_for_turns(page, 3)
    page.evaluate("window.neverReloaded = true")
    site.kill_web()
    page.wait_for_selector("#progress .pill-completed", timeout=2 * DONE_MS)
    assert page.evaluate("window.neverReloaded")
    seen = turn_ids(page)
    assert seen == [f"m-{number}" for number in range(len(seen))]  # none is missing, none came twice
    page.wait_for_selector("#quality .overall-score", timeout=DONE_MS)
    page.reload()
    assert turn_ids(page) == seen
    complaints.clear()  # the browser itself reports the connections that broke


def test_two_browsers_watch_one_run_and_one_of_them_cancels_it(site: Site, open_page: OpenPage) -> None:
    first, second = open_page(), open_page()
    run = site.start_run(turns=4, sessions=10)
    for page in (first, second):
        page.goto(f"{site.url}/runs/{run}/")
        wait_for_turns(page, 2)
    first.click("button:has-text('Cancel')")
    first.click("#cancel-dialog button:has-text('Cancel run')")
    for page in (first, second):
        page.wait_for_selector("#progress .pill-cancelled", timeout=DONE_MS)
        assert status(page) == "cancelled"
    first.wait_for_timeout(500)
    assert turn_ids(first) == turn_ids(second)


def test_a_page_in_the_background_asks_for_nothing(site: Site, open_page: OpenPage) -> None:
    """`document.hidden` is set by hand: a headless browser never hides a page."""
    page = open_page(leads_to="/")
    asked: list[str] = []
    page.evaluate(
        "() => { Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(500)  # what it began to ask before is told here too
    asked.clear()
    page.wait_for_timeout(7000)
    assert asked == []
