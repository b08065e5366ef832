"""What holds on every page: it fits, reads, can be used without a mouse, and asks for little."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.pages import Place, every_place
from tests.browser.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

Picture = Callable[..., None]
BUDGET_BYTES = 150_000  # of a first visit, compressed, with everything it loads
BUDGET_REQUESTS = 20
PAINTED_WITHIN_MS = 2_500  # far above what it takes: it is for the page that waits for something
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="package")
def places(site: Site) -> list[Place]:
    return every_place(site)


@pytest.mark.parametrize("width", [360, 1600])
def test_every_page_fits_its_window_and_has_one_heading(
    site: Site, open_page: OpenPage, places: list[Place], pictures: Picture, width: int
) -> None:
    page = open_page(width=width)
    titles = {}
    for place in places:
        answer = page.goto(site.url + place.path)
        assert answer is not None
        assert answer.status == 200, place
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
        assert page.locator("h1").count() == 1, place
        titles[place.name] = page.title()
        pictures(page, place.name)
    assert len(set(titles.values())) == len({urlsplit(place.path).path for place in places}), titles  # filtered, a list is called the same


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    site: Site, open_page: OpenPage, places: list[Place], complaints: list[str], scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    page, visitor = open_page(color_scheme=scheme), open_page(signed_in=False, color_scheme=scheme)
    readers = [(page, place.path) for place in places] + [(visitor, "/sign-in"), (visitor, "/no/such/page")]
    found = []
    for reader, path in readers:
        reader.goto(site.url + path)
        violations = axe.run(reader).response["violations"]
        found += [(path, item["id"], item["nodes"][0]["html"]) for item in violations if item["impact"] in SERIOUS]
    assert found == []
    assert len(complaints) == 1
    complaints.clear()  # of the browser, about the page that is not there


def test_a_first_visit_transfers_little_and_nothing_from_elsewhere(
    site: Site, open_page: OpenPage, places: list[Place], complaints: list[str]
) -> None:
    heavy = {}
    for place in places:
        page = open_page(leads_to="/healthz")  # signed in, and nothing of ours is cached yet
        complaints.clear()  # a page of plain text has no icon
        log = watched(page)
        page.goto(site.url + place.path, wait_until="load")
        page.wait_for_timeout(200)
        assert {urlsplit(address).netloc for address in log["addresses"]} == {urlsplit(site.url).netloc}, place
        painted = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        if log["bytes"] > BUDGET_BYTES or len(log["addresses"]) > BUDGET_REQUESTS or painted > PAINTED_WITHIN_MS:
            heavy[place.name] = (log["bytes"], len(log["addresses"]), round(painted))
        page.context.close()
    assert heavy == {}


def watched(page: "Page") -> dict[str, Any]:
    """What the network log of the browser says of a page: bytes on the wire, and the addresses asked for."""
    told: dict[str, Any] = {"bytes": 0, "addresses": []}

    def note(address: str) -> None:
        if not address.startswith("data:"):
            told["addresses"].append(address)

    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on("Network.loadingFinished", lambda event: told.update(bytes=told["bytes"] + int(event["encodedDataLength"])))
    devtools.on("Network.requestWillBeSent", lambda event: note(event["request"]["url"]))
    return told


def test_focus_is_seen_wherever_it_goes(site: Site, open_page: OpenPage, places: list[Place]) -> None:
    """Tab through the beginning of each page: what has the focus is in sight and marked, and none is met twice before the end."""
    page = open_page(width=1280)
    unseen = []
    for place in places:
        page.goto(site.url + place.path)
        for _ in range(30):
            page.keyboard.press("Tab")
            if (wrong := page.evaluate(FOCUS_IS_UNSEEN)) is not None:
                unseen.append((place.path, wrong))
    assert unseen == []


# The markup of a focused element without any mark, None where all is well. A mark may be drawn by a pseudo-element or a label around it.
FOCUS_IS_UNSEEN = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const marked = (node, pseudo) => {
    const style = getComputedStyle(node, pseudo);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  };
  const around = at.closest("label");
  const drawn = marked(at) || marked(at, "::after") || (around && marked(around));
  return drawn ? null : at.outerHTML.slice(0, 160);
}"""


def test_nothing_moves_for_who_asked_for_calm(site: Site, open_page: OpenPage, places: list[Place]) -> None:
    page = open_page(reduced_motion="reduce")
    for place in places:
        page.goto(site.url + place.path)
        moving = page.evaluate("document.getAnimations().filter(motion => motion.playState === 'running').length")
        assert moving == 0, place
