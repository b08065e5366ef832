import re
from collections.abc import Callable

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

Picture = Callable[..., None]
DONE_MS = 60_000
OWNERS_PAGES = (("operations", "/operations/"), ("providers", "/settings/providers/"))


def test_a_wrong_link_says_how_to_get_a_new_one(site: Site, open_page: OpenPage, complaints: list[str], picture: Picture) -> None:
    page = open_page(signed_in=False)
    page.goto(f"{site.url}/sign-in/MQ/nonsense")
    assert "This link is used up" in page.inner_text("h1")
    picture(page)
    # The browser itself reports the status of the page, 410.
    assert [line for line in complaints if "410" not in line] == []
    complaints.clear()


def test_a_visitor_is_led_to_sign_in(site: Site, open_page: OpenPage) -> None:
    page = open_page(signed_in=False)
    page.goto(f"{site.url}/runs/")
    assert page.url == f"{site.url}/sign-in?next=/runs/"
    assert page.evaluate("document.activeElement.name") == "username"


@pytest.mark.parametrize("width", [360, 1280, 1600])
def test_every_page_fits_its_window(site: Site, open_page: OpenPage, pictures: Picture, width: int) -> None:
    page = open_page(width=width)
    run = page.locator(".row-link").last.get_attribute("href")
    for name, path in (("list", "/runs/"), ("run", run), ("empty", "/runs/?status=interrupted"), *OWNERS_PAGES):
        page.goto(site.url + str(path))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        pictures(page, name)


@pytest.mark.parametrize("path", [path for _, path in OWNERS_PAGES])
def test_on_a_phone_no_figure_and_no_part_of_the_navigation_is_out_of_sight(open_page: OpenPage, path: str) -> None:
    page = open_page(width=360, leads_to=path)
    assert page.locator(".side-nav a, .scroll td").count() > 3
    assert page.evaluate("[...document.querySelectorAll('.side-nav, .scroll')].every(box => box.scrollWidth <= box.clientWidth)")


def test_dark_mode_follows_the_system_and_the_switch(site: Site, open_page: OpenPage) -> None:
    page = open_page(color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.click("text=Theme: system")
    light = page.evaluate(background)
    assert light != dark
    page.reload()
    assert page.evaluate(background) == light
    page.click("text=Theme: light")
    assert page.evaluate(background) == dark


def test_rows_update_themselves_until_nothing_is_active(site: Site, open_page: OpenPage) -> None:
    page = open_page()
    run = site.start_run(turns=2)
    page.reload()
    row = page.locator("tr", has=page.locator(f"a[href='/runs/{run}/']"))
    row.locator(".pill-completed").wait_for(timeout=DONE_MS)
    assert row.locator(".score").inner_text().endswith("/ 100")


def test_the_operations_page_updates_its_figures_and_leaves_the_rest_alone(site: Site, open_page: OpenPage) -> None:
    page = open_page(leads_to="/operations/", width=500)  # where its tables scroll
    workers = page.locator("[role=group]", has=page.locator("#ops-worker-rows"))
    workers.evaluate("table => { table.focus(); table.scrollLeft = 40; }")
    page.locator("#ops-tiles").evaluate("tiles => tiles.dataset.before = ''")  # gone once they were updated
    site.start_run(turns=12)
    running = page.locator("#ops-tiles:not([data-before]) div", has=page.locator("dt:text-is('Running')"))
    running.locator("dd", has_text=re.compile("[1-9]")).first.wait_for(timeout=DONE_MS)  # runs of other tests may be under way too
    assert workers.evaluate("table => [document.activeElement === table, table.scrollLeft]") == [True, 40]


def test_the_page_reads_without_scripts(site: Site, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.locator(".row-link").last.click()
    page.wait_for_selector("h1:has-text('Mara')")
    assert page.locator("#costs").is_visible()
    assert page.locator(".turn").count() > 0


def test_the_keyboard_reaches_the_content_first(site: Site, open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(site: Site, open_page: OpenPage, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    page = open_page(color_scheme=scheme)
    run = page.locator(".row-link").last.get_attribute("href")
    visitor = open_page(signed_in=False, color_scheme=scheme)
    pages = [
        (page, "/runs/"),
        (page, str(run)),
        (page, "/runs/?status=interrupted"),
        *((page, path) for _, path in OWNERS_PAGES),
        (visitor, "/sign-in"),
    ]
    found = []
    for reader, path in pages:
        reader.goto(site.url + path)
        violations = axe.run(reader).response["violations"]
        found += [(path, item["id"], item["nodes"][0]["html"]) for item in violations if item["impact"] in {"serious", "critical"}]
    assert found == []
