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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_opened_operation_can_be_read_on_a_phone_and_at_night(
    open_page: OpenPage, site: Site, picture: Callable[["Page", str], None], scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    page = open_docs(open_page, site, signed_in=False, color_scheme=scheme, width=390)
    for operation in ("runEval", "listEvalRuns", "updateEvalTemplate", "deleteEvalTemplate", "updateAgentProfile"):
        block = page.locator(f"[id$='-{operation}']")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Error 401").click()
        block.locator(".headers-fold summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, operation
    picture(page, scheme)
    violations = axe.run(page).response["violations"]
    assert [node["html"] for item in violations if item["id"] == "color-contrast" for node in item["nodes"]] == []


def test_errors_are_lines_that_open_to_a_true_example(open_page: OpenPage, site: Site) -> None:
    page = open_docs(open_page, site, signed_in=False)
    block = page.locator("[id$='-runEval']")
    block.locator(".opblock-summary-control").click()
    block.locator(".response[data-code='200']").wait_for()
    box = block.bounding_box()
    assert box
    assert box["height"] < 2000
    assert block.locator(".response[data-code='403']").count() == 0
    block.get_by_role("button", name="Error 403").click()
    assert "This needs the scope run" in block.locator(".response[data-code='403']").inner_text()


def test_it_says_who_sends_the_requests(open_page: OpenPage, site: Site) -> None:
    visitor = open_docs(open_page, site, signed_in=False).locator(".docs-who")
    assert "You are not signed in." in visitor.inner_text()
    assert visitor.locator("a").get_attribute("href") == "/sign-in?next=/api/docs/"
    assert "You are signed in as " in open_docs(open_page, site).locator(".docs-who").inner_text()


def test_the_dialog_asks_for_a_key_and_for_nothing_that_nobody_can_type(open_page: OpenPage, site: Site) -> None:
    page = open_docs(open_page, site, signed_in=False)
    page.locator("button.authorize").first.click()
    assert page.locator(".modal-ux input").count() == 1
    assert page.evaluate("document.activeElement.id") == "auth-bearer-value"
    assert "without Bearer" in page.locator(".modal-ux").inner_text()
    assert page.locator("select[id^='servers'], .servers").count() == 0


def test_what_it_shows_for_a_shell_works_with_a_key_and_holds_no_token(open_page: OpenPage, site: Site) -> None:
    page = open_docs(open_page, site)
    assert tried(page, "createEvalTemplate") == "200"
    shown = page.locator(".curl-command").inner_text()
    assert "Authorization: Bearer sk_…" in shown
    assert "X-CSRFToken" not in shown


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
    sent = []
    page.on("request", lambda request: sent.append(request.headers))
    page.locator("[id$='-listAgents'] button.execute").click()
    page.locator("[id$='-listAgents'] .live-responses-table .response-col_status", has_text="200").wait_for()
    assert tried(page, "createEvalTemplate") == "200"
    assert all("x-csrftoken" not in headers for headers in sent)
    assert sum(headers.get("authorization") == f"Bearer {key}" for headers in sent) == 2
