"""The list of runs as people work in it: found, ticked, taken away, judged again, exported, and true while it is open."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.browser.test_watching_a_run import focused, press_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

Picture = Callable[..., None]
PATIENCE_MS = 60_000
WORD = "marzipan"
PAGE_SIZE = 30
NARROW = 360


def judged(site: Site, *words: str) -> list[str]:
    """A run a word, with the word in its transcript, all of them over."""
    made = [pending(site, word) for word in words]
    site.wait_until_over(*made)
    return made


def pending(site: Site, word: str) -> str:
    said = [{"role": "user", "content": f"Tell me about {word}, please."}, {"role": "assistant", "content": f"Gladly: {word} is sweet."}]
    return site.judge_transcript(said)


@pytest.fixture(scope="module")
def found(site: Site) -> list[str]:
    """Two runs that a search for WORD finds, and that no test changes."""
    return judged(site, WORD, WORD)


def listed(page: "Page") -> list[str]:
    runs: list[str] = page.eval_on_selector_all("#runs tr[id^=run-]", "rows => rows.map(row => row.id.slice(4))")
    return runs


def asked(page: "Page") -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def fits(page: "Page") -> bool:
    answer: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return answer


def tick(page: "Page", *runs: str) -> None:
    """By keyboard, as somebody does who has come to the row."""
    for run in runs:
        page.focus(f"#pick-{run}")
        page.keyboard.press("Space")


def press(page: "Page", name: str) -> None:
    press_until(page, name)
    page.keyboard.press("Enter")


def test_filters_are_in_the_address_and_survive_a_reload_and_the_way_back(site: Site, open_page: OpenPage, found: list[str]) -> None:
    page = open_page()
    everything = listed(page)
    page.select_option("#id_status", "completed")
    page.fill("#id_q", WORD)
    page.click("#filters button[type=submit]")
    page.wait_for_url("**q=**")
    assert asked(page) == {"q": [WORD], "status": ["completed"]}
    assert set(listed(page)) == set(found)
    page.reload()
    assert set(listed(page)) == set(found)
    assert (page.input_value("#id_q"), page.input_value("#id_status")) == (WORD, "completed")
    page.go_back()
    page.wait_for_url(f"{site.url}/runs/")
    assert set(everything) <= set(listed(page))
    assert (page.input_value("#id_q"), page.input_value("#id_status")) == ("", "")
    page.go_forward()
    page.wait_for_url("**q=**")
    assert set(listed(page)) == set(found)
    assert (page.input_value("#id_q"), page.input_value("#id_status")) == (WORD, "completed")


def test_a_bad_filter_value_is_a_sentence_and_the_other_filters_hold(site: Site, open_page: OpenPage, found: list[str]) -> None:
    page = open_page(leads_to="/runs/")
    page.fill("#id_q", WORD)
    page.click("text=More filters")
    page.fill("#id_score_min", "lots")
    page.click("#filters button[type=submit]")
    page.wait_for_selector("#id_score_min_error:visible")
    assert page.inner_text("#id_score_min_error") == "Give a number from 0 to 100."
    assert page.input_value("#id_score_min") == "lots"
    assert set(listed(page)) == set(found)


def test_a_search_by_keyboard_finds_a_word_of_a_transcript_and_marks_it(site: Site, open_page: OpenPage, found: list[str]) -> None:
    page = open_page()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "id_q":
            break
    page.keyboard.type(WORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**q={WORD}*")
    assert set(listed(page)) == set(found)
    assert {mark.casefold() for mark in page.locator(".row-excerpt mark").all_inner_texts()} == {WORD}


def test_runs_are_ticked_and_deleted_by_keyboard(site: Site, open_page: OpenPage, picture: Picture) -> None:
    first, second, third = judged(site, *["nougat"] * 3)
    page = open_page()
    page.goto(f"{site.url}/runs/?q=nougat")
    tick(page, first)
    assert page.inner_text("#bulk-count") == "1 selected"
    tick(page, second)
    assert page.inner_text("#bulk-count") == "2 selected"
    press(page, "Delete…")
    page.wait_for_selector("#bulk-delete:visible")
    picture(page, "asks")
    assert focused(page) == "Keep them"
    press(page, "Delete runs")
    page.wait_for_selector(".notice-success")
    assert page.inner_text(".notice-success") == "2 deleted."
    assert (asked(page), listed(page)) == ({"q": ["nougat"]}, [third])


def test_ticked_runs_are_judged_again_by_the_template_that_is_chosen(site: Site, open_page: OpenPage) -> None:
    runs = judged(site, *["fudge"] * 2)
    template = site.own_template()
    page = open_page()
    page.goto(f"{site.url}/runs/?q=fudge")
    tick(page, *runs)
    press(page, "Judge again…")
    page.select_option("#bulk-template", template)
    page.click("#bulk-rejudge button:has-text('Judge again')")
    page.wait_for_selector(".notice-success")
    assert page.inner_text(".notice-success") == "2 are judged again."
    page.goto(f"{site.url}/runs/?template={template}")
    assert len(set(listed(page)) - set(runs)) == 2


def test_the_csv_of_what_is_filtered_has_its_header_and_its_rows(site: Site, open_page: OpenPage, found: list[str], tmp_path: Path) -> None:
    page = open_page()
    page.goto(f"{site.url}/runs/?q={WORD}")
    page.click("[popovertarget=list-export]")
    with page.expect_download() as waited:
        page.click("#list-export >> text=CSV")
    assert waited.value.suggested_filename.endswith(".csv")
    waited.value.save_as(tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:6] == ["run_id", "agent", "agent_id", "kind", "status", "template"]
    assert [row[0] for row in rows] == listed(page)
    assert {row[4] for row in rows} == {"completed"}
    assert set(found) == {row[0] for row in rows}


def test_new_runs_announce_themselves_and_move_no_row(site: Site, open_page: OpenPage) -> None:
    page = open_page()
    before = listed(page)
    made = [site.start_run(turns=2) for _ in range(2)]
    page.wait_for_selector("#new-runs a:text('2 new runs')", timeout=PATIENCE_MS)
    assert listed(page) == before
    page.focus("#new-runs a")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#run-{made[1]}")
    assert set(listed(page)[:2]) == set(made)
    assert page.is_hidden("#new-runs")


@pytest.mark.parametrize("blocked", [False, True], ids=["socket", "no-socket"])
def test_the_row_of_a_run_is_kept_true_until_it_is_over(site: Site, open_page: OpenPage, blocked: bool) -> None:
    page = open_page()
    if blocked:
        page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1011))
    run = site.start_run(turns=3)
    page.goto(f"{site.url}/runs/")
    page.evaluate("window.neverReloaded = true")
    tick(page, run)
    page.wait_for_selector(f"#run-{run}:not([data-active]) .pill-completed", timeout=PATIENCE_MS)
    assert page.locator(f"#run-{run} .score").inner_text().endswith("/ 100")
    assert page.evaluate("window.neverReloaded")
    assert page.is_checked(f"#pick-{run}")
    assert page.evaluate("document.activeElement.id") == f"pick-{run}"


def test_without_javascript_the_list_filters_and_deletes(site: Site, open_page: OpenPage) -> None:
    first, second, third = judged(site, *["praline"] * 3)
    page = open_page(java_script_enabled=False)
    page.fill("#id_q", "praline")
    page.click("#filters button[type=submit]")
    page.wait_for_url("**q=praline**")
    assert set(listed_without_script(page)) == {first, second, third}
    page.check(f"#pick-{first}")
    page.check(f"#pick-{third}")
    page.click("[popovertarget=bulk-delete]")
    page.click("#bulk-delete button:has-text('Delete runs')")
    page.wait_for_selector(".notice-success")
    assert page.inner_text(".notice-success") == "2 deleted."
    assert listed_without_script(page) == [second]


def listed_without_script(page: "Page") -> list[str]:
    return [str(box.get_attribute("value")) for box in page.locator("#runs input[name=run]").all()]


def test_at_360_pixels_the_list_is_usable(site: Site, open_page: OpenPage, picture: Picture, found: list[str]) -> None:
    page = open_page(width=NARROW, height=700)
    assert fits(page)
    page.fill("#id_q", WORD)
    page.click("#filters button[type=submit]")
    page.wait_for_url("**q=**")
    page.check(f"#pick-{found[0]}")
    page.click("[popovertarget=bulk-export]")
    page.wait_for_selector("#bulk-export:visible")
    picture(page, "menu")
    menu = page.locator("#bulk-export").bounding_box()
    assert menu is not None
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= NARROW
    page.keyboard.press("Escape")
    page.click("[popovertarget=bulk-delete]")
    page.click("#bulk-delete button:has-text('Keep them')")
    assert fits(page)
    assert page.inner_text("#bulk-count") == "1 selected"
    picture(page)


def test_without_javascript_the_list_goes_on_to_older_runs(site: Site, open_page: OpenPage) -> None:
    """Last in this file: the worker is busy with its runs for a while."""
    made = [pending(site, "toffee") for _ in range(PAGE_SIZE + 2)]
    page = open_page(java_script_enabled=False)
    newest = listed_without_script(page)
    assert newest == made[:1:-1]
    page.click("#more a")
    page.wait_for_url("**after=**")
    older = listed_without_script(page)
    assert older[:2] == [made[1], made[0]]
    assert not set(newest) & set(older)
    page.click("text=Back to the first page")
    page.wait_for_url(f"{site.url}/runs/")
