"""The API's page in a real browser: under the site's own security policy, from this machine alone, with a key and with a session."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site, command

if TYPE_CHECKING:
    from playwright.sync_api import Page


def open_docs(open_page: OpenPage, site: Site, **options: Any) -> "Page":
    page = open_page(**options)
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith((site.url, "data:")) else None)
    page.goto(f"{site.url}/api/docs/")
    page.wait_for_selector(".opblock")
    assert elsewhere == []
    return page


def tried(page: "Page", operation: str) -> str:
    """Open an operation, send its example as it stands, and give the status that came back."""
    block = page.locator(f"[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    block.locator("button.execute").click()
    status = block.locator(".live-responses-table .response-col_status").last
    status.wait_for()
    return status.inner_text().split()[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_shows_every_operation_in_light_and_dark(
    open_page: OpenPage, site: Site, picture: Callable[["Page", str], None], scheme: str
) -> None:
    page = open_docs(open_page, site, signed_in=False, color_scheme=scheme)
    assert page.locator(".opblock").count() >= 19
    assert ("dark-mode" in (page.locator("html").get_attribute("class") or "")) == (scheme == "dark")
    page.locator(".opblock-summary-control").first.click()
    page.wait_for_selector(".opblock-body")
    picture(page, scheme)


def test_an_operation_can_be_tried_in_the_session_of_a_signed_in_person(open_page: OpenPage, site: Site) -> None:
    page = open_docs(open_page, site)
    assert tried(page, "createEvalTemplate") == "200"  # a POST, so the CSRF token went along
    assert tried(page, "listEvalTemplates") == "200"


def test_an_operation_can_be_tried_with_a_key(open_page: OpenPage, site: Site, complaints: list[str]) -> None:
    page = open_docs(open_page, site, signed_in=False)
    assert tried(page, "listAgents") == "401"
    complaints.clear()  # the browser logs the refusal
    key = command("create-key", "docs", "--data-dir", str(site.data_dir)).strip()
    page.locator("button.authorize").first.click()
    form = page.locator(".auth-container", has_text="bearer")
    form.locator("input").fill(key)
    form.locator("button.authorize").click()
    page.locator("button.btn-done").first.click()
    page.locator("[id$='-listAgents'] button.execute").click()
    page.locator("[id$='-listAgents'] .live-responses-table .response-col_status", has_text="200").wait_for()
