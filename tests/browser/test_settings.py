"""Settings and the account in a real browser: keys shown once, people let in by a link, providers tested."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.support.mock_thread import mock_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

Picture = Callable[..., None]
PAGES = ("keys/", "members/", "providers/", "providers/new", "prices/", "project/")
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def in_new_project(open_page: OpenPage, **options: Any) -> "Page":
    """An owner in a project of the test's own, so that its providers are asked by nobody else's runs."""
    page = open_page(own_session=True, leads_to="/settings/project/", **options)
    page.fill("[name=start-name]", f"settings-{uuid.uuid4().hex[:8]}")
    page.click("text=Make project")
    page.wait_for_selector(".notice-success")
    return page


def make_key(page: "Page", site: Site, name: str) -> str:
    page.goto(f"{site.url}/settings/keys/")
    page.fill("[name=name]", name)
    page.click("button:has-text('Make key')")
    return page.inner_text("#token")


def test_a_key_is_made_copied_and_never_shown_again(site: Site, open_page: OpenPage, picture: Picture) -> None:
    page = in_new_project(open_page, permissions=["clipboard-read", "clipboard-write"])
    token = make_key(page, site, "nightly")
    picture(page)
    page.click("text=Copy key")
    page.locator(".toast:has-text('Copied.')").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.reload()  # sends the form again
    page.wait_for_selector("text=This form was sent before")
    assert token not in page.content()
    assert page.locator("tbody tr").count() == 1


def test_a_key_is_revoked_after_its_consequence_was_said(site: Site, open_page: OpenPage, picture: Picture) -> None:
    page = in_new_project(open_page)
    make_key(page, site, "lost")
    page.click("text=I have copied it")
    page.click("button:text-is('Revoke')")
    assert "streams they have open end within a minute" in page.inner_text("dialog:popover-open")
    picture(page)
    page.keyboard.press("Escape")
    assert page.locator("tbody tr").count() == 1
    page.click("button:text-is('Revoke')")
    page.click("dialog:popover-open >> text=Revoke key")
    page.wait_for_selector("text=The key lost is revoked")
    assert page.locator("text=No key yet").is_visible()


def test_somebody_new_comes_in_by_their_link_and_chooses_a_password(
    site: Site, open_page: OpenPage, complaints: list[str], picture: Picture
) -> None:
    owner, name = in_new_project(open_page), f"nora-{uuid.uuid4().hex[:6]}"
    owner.click(".tabs >> text=Members")
    owner.locator("label:has-text('is new here')").click()
    owner.fill("[name=username]", name)
    owner.check("[name=role][value=editor]")
    owner.click("text=Add member")
    link = owner.inner_text("#link")
    picture(owner)
    theirs = open_page(signed_in=False)
    theirs.goto(link)
    theirs.goto(f"{site.url}/account/")
    theirs.fill("[name=new_password1]", "staple gun overture")
    theirs.fill("[name=new_password2]", "staple gun overture")
    theirs.click("text=Set password")
    theirs.wait_for_selector("text=Your password is changed.")
    theirs.goto(f"{site.url}/settings/members/")
    assert theirs.locator("text=Add somebody").count() == 0
    owner.click("text=I have copied it")
    owner.click(f"button[aria-label='Remove {name}']")
    owner.click("dialog:popover-open >> text=Remove member")
    owner.wait_for_selector("text=no longer a member")
    theirs.reload()
    theirs.wait_for_selector("text=You are in no project yet")
    assert [line for line in complaints if "403" not in line] == []  # the browser itself reports the status of that page
    complaints.clear()


def add_provider(page: "Page", site: Site, address: str) -> None:
    page.goto(f"{site.url}/settings/providers/new")
    for name, value in {"name": "mock", "base_url": address, "default_model": "m-1", "secret": "sk-browser"}.items():
        page.fill(f"[name={name}]", value)
    page.click("main button:has-text('Add provider')")
    page.wait_for_selector("text=mock is added.")


def test_a_provider_is_tested_and_says_precisely_what_is_wrong(site: Site, open_page: OpenPage, picture: Picture) -> None:
    page = in_new_project(open_page)
    with mock_server() as server:
        server.reply_text = "ready"
        add_provider(page, site, server.openai_url)
        page.locator("form[hx-post] button").click()
        page.locator("#trial:has-text('mock/m-1 answered in')").wait_for()
        assert page.inner_text(".trial-answer") == "ready"
        picture(page, "good")
        server.script.push("m-1", "401")
        page.locator("form[hx-post] button").click()
        page.locator("#trial:has-text('answered 401')").wait_for()
        picture(page, "bad")
    assert "sk-browser" not in page.content()


def test_the_theme_is_chosen_on_the_account_page_and_lasts(site: Site, open_page: OpenPage) -> None:
    page = open_page(leads_to="/account/", color_scheme="light")
    page.locator("#theme-choice label:has-text('Dark')").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.inner_text(".theme") == "Theme: dark"
    page.reload()
    assert page.locator("#theme-choice [value=dark]").is_checked()


def test_another_browser_is_signed_out_from_the_list(site: Site, open_page: OpenPage) -> None:
    first, second = open_page(own_session=True), open_page(own_session=True, leads_to="/account/")
    second.click("text=Sign out everywhere else")
    second.wait_for_selector("text=signed out.")
    first.goto(f"{site.url}/runs/")
    assert "/sign-in" in first.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_settings_fit_their_window_and_axe_finds_nothing_serious(
    site: Site, open_page: OpenPage, picture: Picture, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    page = in_new_project(open_page, width=width, color_scheme=scheme)
    make_key(page, site, "nightly")
    found = []
    for path in (*(f"/settings/{name}" for name in PAGES), "/account/"):
        page.goto(site.url + path)
        assert page.evaluate(FITS), path
        picture(page, path.strip("/").replace("/", "-"))
        violations = axe.run(page).response["violations"]
        found += [(path, item["id"], item["nodes"][0]["html"]) for item in violations if item["impact"] in {"serious", "critical"}]
    assert found == []
