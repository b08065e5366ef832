"""The template editor as people use it: rows by keyboard, the judge's prompt while typing, a try-out, an expired session, and no script."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

NEW = "/templates/new/"
TRIED_MS = 30_000

Picture = Callable[..., None]


def fill_row(page: "Page", number: int, label: str, instructions: str = "") -> None:
    page.locator("[name=category_label]").nth(number).fill(label)
    page.locator("[name=category_prompt_instructions]").nth(number).fill(instructions)


def labels(page: "Page") -> list[str]:
    return [field.input_value() for field in page.locator("[name=category_label]:enabled").all()]


def expect_labels(page: "Page", wanted: list[str]) -> None:
    """Where each click loads a page: it may be half there."""
    rows = page.locator("[name=category_label]:enabled")
    expect(rows).to_have_count(len(wanted))
    for number, label in enumerate(wanted):
        expect(rows.nth(number)).to_have_value(label)


def save(page: "Page") -> None:
    page.locator(".template-save button[value=save]").click()


def test_a_template_is_written_with_the_keyboard_alone(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(leads_to=NEW)
    page.get_by_label("Name", exact=True).first.fill("Keyboard quality")
    fill_row(page, 0, "Solved", "Did the user get what they came for?")
    page.get_by_role("button", name="Add category").press("Enter")
    expect(page.locator("[name=category_label]").nth(1)).to_be_focused()
    page.keyboard.type("Tone")
    page.get_by_role("button", name="Move up").nth(1).press("Enter")
    expect(page.locator("#category-said")).to_have_text("“Tone” is now 1 of 2.")
    assert labels(page) == ["Tone", "Solved"]
    expect(page.get_by_role("button", name="Move down").first).to_be_focused()  # the end is reached: the other way is at hand
    page.get_by_role("button", name="Remove category").nth(1).press("Enter")
    expect(page.locator("#category-said")).to_have_text("“Solved” removed.")
    page.keyboard.press("Enter")  # Undo has the focus
    assert labels(page) == ["Tone", "Solved"]
    page.locator("[name=category_weight]").first.fill("3")
    expect(page.locator("[data-share]").first).to_have_text("75 %")
    page.get_by_label("What changed").press("Enter")
    expect(page.locator(".notice-success")).to_have_text("Saved as version 1.")
    assert labels(page) == ["Tone", "Solved"]
    picture(page)


def test_rows_are_dragged_by_their_grip(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    fill_row(page, 0, "One")
    for label in ("Two", "Three"):
        page.get_by_role("button", name="Add category").click()
        page.keyboard.type(label)
    page.evaluate("document.querySelector('#category-rows').scrollIntoView()")
    grip, first = page.locator("[data-grip]").nth(1).bounding_box(), page.locator("[data-row]").first.bounding_box()
    assert grip is not None
    assert first is not None
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(first["x"] + 40, first["y"] + 20, steps=5)
    page.mouse.up()
    assert labels(page) == ["Two", "One", "Three"]
    expect(page.locator("#category-said")).to_have_text("“Two” is now 1 of 3.")
    page.evaluate("localStorage.clear()")


def test_the_prompt_follows_the_typing_and_shows_it_as_text(open_page: OpenPage, site: Site, picture: Picture) -> None:
    site.some_run()
    page = open_page(leads_to=NEW)
    expect(page.locator("#tryout-run")).to_have_value(re.compile("-"))  # the newest run: the sample cannot be tried on
    page.locator("#tryout-run").select_option("")
    expect(page.locator("#judge-preview")).to_contain_text("allergic to hazelnuts")
    page.locator("[name=scoring_rubric]").fill("<img src=x onerror=alert(1)> Be strict.")
    expect(page.locator("#judge-preview")).to_contain_text("# Rubric\n<img src=x onerror=alert(1)> Be strict.")
    assert page.locator("#judge-preview img").count() == 0
    expect(page.locator("#tryout-run")).to_have_count(1)  # only its part was asked for again
    picture(page)


def test_an_unsaved_template_is_tried_on_a_past_transcript(open_page: OpenPage, site: Site, picture: Picture) -> None:
    run_id = site.start_run(turns=2)
    page = open_page(leads_to=f"/runs/{run_id}/")
    expect(page.locator("#progress .pill-completed")).to_be_visible(timeout=TRIED_MS)
    page.goto(site.url + NEW)
    page.locator("[name=name]").fill("Draft")
    fill_row(page, 0, "Draft category", "Did it help?")
    page.locator("#tryout-run").select_option(run_id)
    expect(page.locator("#tryout-cost")).to_contain_text("by the demo judge, for nothing")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#tryout-result")).to_contain_text("Draft category", timeout=TRIED_MS)
    expect(page.locator("#tryout-result .overall-score")).to_be_visible(timeout=TRIED_MS)
    picture(page)
    page.get_by_role("link", name="Open the whole run").click(no_wait_after=True)
    expect(page.locator("#progress")).to_contain_text("completed")


def test_an_expired_session_loses_nothing(open_page: OpenPage, site: Site, picture: Picture) -> None:
    page = open_page(leads_to=NEW)
    page.locator("[name=name]").fill("Survivor")
    fill_row(page, 0, "First", "Look here.")
    page.get_by_role("button", name="Add category").click()
    page.keyboard.type("Second")
    page.context.clear_cookies(name="sessionid")
    save(page)
    page.wait_for_url(lambda address: "sign-in" in address)
    page.goto(site.link(NEW))
    notice = page.locator("[data-draft-notice]")
    expect(notice).to_contain_text("were not saved")
    picture(page, "offered")
    notice.get_by_role("button", name="Restore them").click()
    expect(page.locator("[name=name]")).to_have_value("Survivor")
    assert labels(page) == ["First", "Second"]
    assert len({field.get_attribute("id") for field in page.locator("[name=category_label]").all()}) == 2
    expect(page.locator("#judge-preview")).to_contain_text("### Second")
    save(page)
    expect(page.locator(".notice-success")).to_be_visible()
    page.goto(site.url + NEW)
    expect(page.locator("[name=name]")).to_have_value("")
    expect(page.locator("[data-draft-notice]")).to_have_count(0)  # it was saved, so nothing is offered again


def test_leaving_asks_only_when_something_is_unsaved(open_page: OpenPage, site: Site) -> None:
    page = open_page(leads_to=NEW)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(site.url + "/templates/")
    assert asked == []
    page.goto(site.url + NEW)
    page.locator("[name=name]").fill("Half a name")
    page.goto(site.url + "/templates/")
    assert asked == ["beforeunload"]
    page.goto(site.url + NEW)
    page.get_by_role("button", name="Discard").click()
    page.goto(site.url + NEW)
    expect(page.locator("[data-draft-notice]")).to_have_count(0)


def test_without_a_script_everything_works(open_page: OpenPage, site: Site, picture: Picture) -> None:
    page = open_page(leads_to=NEW, java_script_enabled=False)
    page.locator("[name=name]").fill("Plain quality")
    fill_row(page, 0, "Solved")
    page.get_by_role("button", name="Add category").click()
    fill_row(page, 1, "Tone", "Was it friendly?")
    page.get_by_role("button", name="Move up").nth(1).click()
    expect_labels(page, ["Tone", "Solved"])
    page.get_by_role("button", name="Remove category").first.click()
    expect_labels(page, ["Solved"])
    page.get_by_role("button", name="Undo").click()
    expect_labels(page, ["Tone", "Solved"])
    page.get_by_role("button", name="Preview and try it").click()
    expect(page.locator("#judge-preview")).to_contain_text("### Tone (key: tone)\nWas it friendly?")
    page.get_by_role("button", name="Back to the editor").click()
    expect_labels(page, ["Tone", "Solved"])
    save(page)
    expect(page.locator(".notice-success")).to_be_visible()
    expect_labels(page, ["Tone", "Solved"])
    picture(page)


@pytest.mark.parametrize("width", [360, 1440])
def test_the_second_of_two_editors_sees_what_the_first_did(
    open_page: OpenPage, picture: Picture, complaints: list[str], width: int
) -> None:
    first = open_page(leads_to=NEW, width=width)
    first.locator("[name=name]").fill(f"Shared {width}")  # names are taken once in a project
    fill_row(first, 0, "Tone", "Be kind.")
    save(first)
    expect(first.locator(".notice-success")).to_be_visible()
    second = open_page(leads_to=first.url.removeprefix(first.url.split("/templates")[0]), width=width)
    first.locator("[name=scoring_rubric]").fill("Theirs.")
    second.locator("[name=scoring_rubric]").fill("Mine.")
    save(first)
    expect(first.locator(".notice-success")).to_contain_text("version 2")
    save(second)
    expect(second.get_by_role("alert")).to_contain_text("Version 2 was saved while you were typing")
    expect(second.locator("[name=scoring_rubric]")).to_have_value("Mine.")
    expect(second.locator("[data-draft-notice]")).to_have_count(0)  # what would be offered is in the form already
    complaints.clear()  # the browser's own word about 409
    picture(second)
    save(second)
    expect(second.locator(".notice-success")).to_contain_text("version 3")
