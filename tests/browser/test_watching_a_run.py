from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

Picture = Callable[..., None]
DONE_MS = 60_000


def watch(site: Site, open_page: OpenPage, *, height: int = 800, **asked: Any) -> "Page":
    """Sign in, start a run, and open it from its beginning."""
    page = open_page(height=height)
    page.goto(f"{site.url}/runs/{site.start_run(**asked)}/")
    return page


def wait_for_turns(page: "Page", count: int) -> None:
    page.wait_for_function("count => document.querySelectorAll('.turn').length >= count", arg=count, timeout=DONE_MS)


def status(page: "Page") -> str:
    return page.locator("#progress .pill").inner_text()


def turn_ids(page: "Page") -> list[str]:
    found: list[str] = page.eval_on_selector_all(".turn", "turns => turns.map(turn => turn.id)")
    return found


def test_a_link_leads_to_a_conversation_that_happens_and_then_to_its_scores(site: Site, open_page: OpenPage, picture: Picture) -> None:
    page = watch(site, open_page, turns=3, sessions=2, adaptation=True)
    assert page.inner_text("h1") == "Mara"
    wait_for_turns(page, 4)
    assert status(page) == "running"
    picture(page, "happening")
    page.wait_for_selector("#quality .overall-score", timeout=DONE_MS)
    page.wait_for_selector("#adaptation .overall-score", timeout=DONE_MS)
    assert "Scored by the demo judge" in page.inner_text("#quality")
    picture(page, "scored")


def test_turns_appear_without_a_reload_each_once_and_in_order(site: Site, open_page: OpenPage) -> None:
    page = watch(site, open_page, turns=8)  # long enough that a busy machine opens the page before it is over
    page.evaluate("window.neverReloaded = true")
    before = len(turn_ids(page))
    page.wait_for_selector("#progress .pill-completed", timeout=DONE_MS)
    expect(page.locator("#log")).to_contain_text("final_status")
    assert page.evaluate("window.neverReloaded")
    after = turn_ids(page)
    assert len(after) > before
    assert after == [f"m-{number}" for number in range(len(after))]
    live_log = page.inner_text("#log")
    page.reload()
    assert turn_ids(page) == after
    assert page.inner_text("#log") == live_log


def test_a_cited_quote_leads_to_its_turn_and_marks_it(site: Site, open_page: OpenPage, picture: Picture) -> None:
    page = watch(site, open_page, turns=2)
    page.wait_for_selector("#progress .pill-completed", timeout=DONE_MS)
    link = page.locator(".evidence a").first
    link.click()
    cited = page.locator(".turn:target")
    assert f"#{cited.get_attribute('id')}" == link.get_attribute("href")
    assert cited.evaluate("turn => { const box = turn.getBoundingClientRect(); return box.top >= 80 && box.top < innerHeight }")
    assert cited.locator(".bubble").evaluate("bubble => getComputedStyle(bubble).outlineStyle") == "solid"
    quote = link.locator("q").inner_text().strip("“”")
    assert " ".join(cited.locator("mark.cited").inner_text().split()).casefold() == " ".join(quote.split()).casefold()
    picture(page)


def test_a_page_of_an_interrupted_run_sees_that_somebody_else_resumed_it(site: Site, open_page: OpenPage) -> None:
    page = watch(site, open_page, turns=2)
    page.wait_for_selector("#progress .pill-completed", timeout=DONE_MS)
    run_id = page.url.rstrip("/").rpartition("/")[2]
    site.interrupt(run_id)
    page.reload()
    assert status(page) == "interrupted"
    page.evaluate("window.neverReloaded = true")
    site.resume(run_id)
    page.wait_for_selector("#progress .pill-completed", timeout=DONE_MS)
    assert page.evaluate("window.neverReloaded")


def test_a_blocked_socket_is_replaced_by_polling(site: Site, open_page: OpenPage) -> None:
    page = open_page()
    page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1011))
    page.goto(f"{site.url}/runs/{site.start_run(turns=3)}/")
    page.wait_for_selector("#progress .pill-completed", timeout=DONE_MS)
    page.wait_for_selector("#quality .overall-score")
    assert turn_ids(page) == [f"m-{number}" for number in range(len(turn_ids(page)))]


def test_a_reader_who_scrolled_up_is_left_in_peace_until_they_jump(site: Site, open_page: OpenPage) -> None:
    page = watch(site, open_page, turns=4, sessions=10, height=500)
    wait_for_turns(page, 5)
    page.evaluate("scrollTo(0, 0)")
    wait_for_turns(page, len(turn_ids(page)) + 2)
    assert page.evaluate("scrollY") < 50  # what grows above may shift the page by a line, following would show the end
    page.click("text=Jump to latest")
    page.wait_for_function("() => scrollY > 100")
    page.wait_for_selector("#jump", state="hidden")


def test_a_page_in_the_background_gives_its_connection_back_and_catches_up_when_it_is_seen(site: Site, open_page: OpenPage) -> None:
    page = open_page()
    page.clock.install()
    opened: list[Any] = []
    page.on("websocket", lambda socket: opened.append(socket))
    page.goto(f"{site.url}/runs/{site.start_run(turns=4, sessions=2)}/")
    page.wait_for_selector(".turn", timeout=DONE_MS)
    see(page, hidden=True)
    page.clock.run_for(21_000)
    page.wait_for_timeout(500)
    before = len(turn_ids(page))
    assert [socket.is_closed() for socket in opened] == [True]
    page.wait_for_timeout(3_000)
    assert len(turn_ids(page)) == before
    see(page, hidden=False)
    wait_for_turns(page, before + 2)
    assert len(opened) == 2
    assert turn_ids(page) == [f"m-{number}" for number in range(len(turn_ids(page)))]


def see(page: "Page", *, hidden: bool) -> None:
    """What a browser tells a page whose tab is left, or shown again."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )


def test_two_people_see_the_same_run(site: Site, open_page: OpenPage) -> None:
    first, second = open_page(), open_page()
    run = site.start_run(turns=2)
    for page in (first, second):
        page.goto(f"{site.url}/runs/{run}/")
    for page in (first, second):
        page.wait_for_selector("#progress .pill-completed", timeout=DONE_MS)
    assert first.inner_text("#sessions") == second.inner_text("#sessions")


def test_a_run_is_cancelled_by_keyboard_alone(site: Site, open_page: OpenPage, picture: Picture) -> None:
    page = watch(site, open_page, turns=4, sessions=10)
    wait_for_turns(page, 2)
    press_until(page, "Cancel run…")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cancel-dialog:popover-open")
    picture(page, "asks")
    assert focused(page) == "Keep running"
    page.keyboard.press("Escape")
    page.wait_for_selector("#cancel-dialog", state="hidden")
    page.keyboard.press("Enter")
    press_until(page, "Cancel run")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=This run was cancelled", timeout=DONE_MS)
    assert status(page) == "cancelled"


def focused(page: "Page") -> str:
    text: str = page.evaluate("document.activeElement.textContent.trim()")
    return text


def press_until(page: "Page", name: str, times: int = 40) -> None:
    for _ in range(times):
        if focused(page) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {name!r}.")
