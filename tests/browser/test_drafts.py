"""What is typed and not saved stays in the browser for a week, until it is saved, or until its writer signs out."""

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

NEW = "/prompts/new/"
DRAFTS = "Object.keys(localStorage).filter(key => key.startsWith('draft:'))"
KEPT = "Object.keys(localStorage).some(key => localStorage[key].includes('Which shop'))"
KEPT_SECONDS = 10
AGE = """days => {
  const key = Object.keys(localStorage).find(key => key.startsWith("draft:"));
  const draft = JSON.parse(localStorage[key]);
  localStorage[key] = JSON.stringify({ ...draft, at: Date.now() - days * 86400000 });
}"""


def write(page: "Page", field: str = "#id_text") -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.fill(field, "Which shop sells lamps?")
    deadline = time.monotonic() + KEPT_SECONDS
    while not page.evaluate(KEPT):  # `wait_for_function` is not for pages without eval
        assert time.monotonic() < deadline, "The draft was not kept."
        time.sleep(0.05)


def test_who_signs_out_leaves_nothing_behind(open_page: OpenPage, site: Site) -> None:
    page = open_page(leads_to=NEW)
    write(page)
    page.fill("#id_tags", "typed last")  # and not kept yet: it is written as the page is left
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate(DRAFTS) == []


def test_what_others_left_is_not_theirs_to_remove(open_page: OpenPage, site: Site) -> None:
    page = open_page(leads_to=NEW)
    page.evaluate("localStorage['draft:somebody-else:prompt:new'] = JSON.stringify({ at: Date.now(), entries: [] })")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate(DRAFTS) == ["draft:somebody-else:prompt:new"]


@pytest.mark.parametrize(("address", "field"), [("/brands/new/", "#id_name"), ("/targets/new/?kind=prompts", "#id_other")])
def test_short_forms_are_kept_too(open_page: OpenPage, address: str, field: str) -> None:
    page = open_page(leads_to=address)
    write(page, field)
    page.reload()
    page.get_by_role("button", name="Restore them").click()
    expect(page.locator(field)).to_have_value("Which shop sells lamps?")


def test_what_is_saved_is_gone_wherever_saving_leads(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    write(page)
    page.fill("#id_new_topic", "Lamps")
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator(".notice-success")).to_be_visible()
    assert page.evaluate(DRAFTS) == []


@pytest.mark.parametrize(("days", "left"), [(6, 1), (8, 0)])
def test_a_draft_is_kept_for_a_week(open_page: OpenPage, site: Site, days: int, left: int) -> None:
    page = open_page(leads_to=NEW)
    write(page)
    page.goto(site.url + "/runs/")
    page.evaluate(AGE, days)
    page.goto(site.url + "/runs/")
    assert len(page.evaluate(DRAFTS)) == left
