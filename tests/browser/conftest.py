"""A server process, one Chromium for the package, and a page a test whose console must stay clean."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.browser.site import Site, site_start

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("EVALHUB_TEST_CHROMIUM", "/usr/bin/chromium")
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
PATIENCE_MS = 15_000

OpenPage = Callable[..., "Page"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Package scope: Playwright keeps an event loop in this thread, which must be gone before the next package's async tests.
@pytest.fixture(scope="package")
def browser() -> "Iterator[Browser]":
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not shutil.which(CHROMIUM):
        pytest.skip(f"there is no Chromium at {CHROMIUM} (EVALHUB_TEST_CHROMIUM names another)")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"])
        yield started
        started.close()


@pytest.fixture(scope="package")
def site(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Asks for the browser first, so that no server starts where there is none."""
    started = site_start(tmp_path_factory.mktemp("browser") / "data")
    yield started
    started.stop()


@pytest.fixture
def complaints() -> list[str]:
    """Errors and warnings of the console, violations of the Content-Security-Policy among them. A test clears what it provoked."""
    return []


@pytest.fixture
def open_page(browser: "Browser", site: Site, complaints: list[str]) -> Iterator[OpenPage]:
    """Open a page that is signed in (or not). After the test the console must have said nothing.

    The session is that of other tests, unless it is to be the test's own: for one that changes its project, or counts sessions.
    """
    contexts = []

    def opened(
        *, signed_in: bool = True, own_session: bool = False, leads_to: str = "/runs/", width: int = 1280, height: int = 800, **options: Any
    ) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if own_session:
            page.goto(site.link(leads_to))
        elif signed_in:
            sign_in(page, site, leads_to)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: "Page", site: Site, leads_to: str) -> None:
    """With the cookies of the last test while they are good, for a link takes a process; a test may have signed out or in again."""
    page.context.add_cookies(site.cookies)
    page.goto(site.url + leads_to)
    if not site.cookies or urlsplit(page.url).path.startswith("/sign-in"):
        page.goto(site.link(leads_to))
        site.cookies = [cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid"]


@pytest.fixture
def pictures(picture: Callable[["Page", str], None]) -> Callable[["Page", str], None]:
    """The same page in both themes. It is not loaded again: the theme follows the system."""

    def taken(page: "Page", name: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            picture(page, f"{name}-{scheme}")

    return taken


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[["Page", str], None]:
    """Keep a picture of the page in artifacts/, named after the test."""

    def taken(page: "Page", name: str = "") -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{'-'.join(filter(None, [request.node.name, name]))}.png")

    return taken
