"""A conversation of 400 messages: the page has its end, and the rest comes when it is asked for, without moving what is read."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

MESSAGES = 400
DONE_MS = 60_000


@pytest.fixture(scope="module")
def run(site: Site) -> str:
    """Its judge finds what it quotes all over the transcript."""
    said = [
        {
            "role": "assistant" if index % 2 else "user",
            "content": f"Message {index}: we have two dogs, and dinner takes twenty-five minutes. " * (1 + index % 4),
        }
        for index in range(MESSAGES)
    ]
    return site.judge_transcript(said)


@pytest.fixture
def page(site: Site, run: str, open_page: OpenPage) -> "Page":
    opened = open_page()
    opened.goto(f"{site.url}/runs/{run}/")
    opened.wait_for_selector("#quality .overall-score", timeout=DONE_MS)
    opened.reload()
    return opened


def turns(page: "Page") -> list[int]:
    found: list[int] = page.eval_on_selector_all(".turn", "turns => turns.map(turn => Number(turn.id.slice(2)))")
    return found


def top_of(page: "Page", selector: str) -> float:
    place: float = page.evaluate("selector => document.querySelector(selector).getBoundingClientRect().top", selector)
    return place


def wait_for_first(page: "Page", index: int) -> None:
    page.wait_for_function("id => document.querySelector('.turn')?.id === id", arg=f"m-{index}")


def cite(page: "Page", index: int, quote: str) -> None:
    """Let the first quote of the judge be another one, as another judgement would have it."""
    page.eval_on_selector(
        ".evidence a",
        "(link, [index, quote]) => { link.dataset.cite = index; link.href = `?around=${index}#m-${index}`; "
        "link.querySelector('q').textContent = quote }",
        [index, quote],
    )
    page.click(".evidence a")


def test_it_opens_with_its_end_and_loads_earlier_turns_by_keyboard_without_moving_the_page(page: "Page") -> None:
    assert turns(page) == list(range(300, 400))
    for first in (200, 100, 0):
        page.focus("#load-earlier")
        read, before = f"#m-{first + 100}", top_of(page, f"#m-{first + 100}")
        page.keyboard.press("Enter")
        wait_for_first(page, first)
        page.wait_for_timeout(300)  # the heights of what came settle
        assert abs(top_of(page, read) - before) < 4
    assert turns(page) == list(range(400))
    assert page.locator("#load-earlier").count() == 0
    assert page.evaluate("document.activeElement.id") == "m-100"  # the link is gone, and with it what had the focus


def test_a_quote_far_away_is_fetched_marked_in_place_and_led_back_from(page: "Page") -> None:
    cite(page, 57, "MESSAGE 57:  we have\ntwo dogs")
    page.wait_for_selector("#m-57 mark.cited")
    assert page.inner_text("mark.cited") == "Message 57: we have two dogs"
    assert turns(page) == list(range(7, 107))
    page.wait_for_function(
        "() => { const at = document.querySelector('mark.cited').getBoundingClientRect(); return at.top > 0 && at.bottom < innerHeight }"
    )
    assert page.url.endswith("#m-57")
    page.click(".cite-back")
    assert page.evaluate("document.activeElement === document.querySelector('.evidence a')")
    assert page.locator("mark.cited").count() == 0
    page.press("#load-later", "Enter")  # turns above get their height as they come into sight, and push it from under a mouse
    page.wait_for_function("() => document.querySelectorAll('.turn').length === 200")
    assert turns(page) == list(range(7, 207))


def test_what_is_quoted_is_never_read_as_markup(page: "Page") -> None:
    cite(page, 399, "<img src=x onerror=alert(1)>")
    page.wait_for_selector(".turn:target")
    assert page.locator("mark.cited").count() == 0
    assert page.locator("#sessions img").count() == 0


def test_an_address_that_names_a_turn_leads_to_it(site: Site, run: str, page: "Page") -> None:
    page.goto(f"{site.url}/runs/")
    page.goto(f"{site.url}/runs/{run}/#m-20")
    page.wait_for_selector("#m-20")
    assert turns(page) == list(range(100))


def test_without_a_script_the_same_links_lead_through_all_of_it(site: Site, run: str, page: "Page", open_page: OpenPage) -> None:
    plain = open_page(java_script_enabled=False, storage_state=page.context.storage_state(), signed_in=False)
    plain.goto(f"{site.url}/runs/{run}/")
    plain.click("#load-earlier")
    assert plain.locator(".turn").first.get_attribute("id") == "m-200"
    plain.click("text=to the end of 400 messages")
    assert plain.locator(".turn").last.get_attribute("id") == "m-399"


def test_the_parts_of_the_page_are_reached_on_a_phone_without_scrolling_sideways(site: Site, run: str, page: "Page") -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"{site.url}/runs/{run}/")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    boxes = [link.bounding_box() for link in page.locator(".sections > a").all()]
    assert len(boxes) == 5
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
    page.click(".sections >> text=Costs")
    assert page.evaluate(
        "() => { const at = document.getElementById('costs').getBoundingClientRect().top; return at >= 0 && at < innerHeight / 2 }"
    )
