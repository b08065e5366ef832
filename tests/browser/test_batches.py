"""A batch as a person runs it: put together, watched, its children opened, cancelled; by the keyboard, in the dark and on a phone."""

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

BATCH = re.compile(r"/batches/[0-9a-f-]{36}/$")
DONE_MS = 60_000
BROKEN = """
from evalhub.accounts.models import Project
from tests.batch_factories import batch, trial
project = Project.objects.order_by("created_at").first()
texts = [f"Which tool is number {number} of those that broke?" for number in range(3)]
made = batch(project=project, name="Broken", source_type="prompts", subjects=texts, targets=["demo/agent"], status="interrupted")
trial(batch=made, subject=0, score=90.0)
trial(batch=made, subject=1, passed=False, score=20.0, reasons=["behaviour_not_met"])
trial(batch=made, subject=2, passed=None, status="interrupted", reasons=["interrupted"])
print(made.pk)
"""


def ask_prompts(page: "Page", count: int) -> None:
    """Import as many prompts, each under a topic of its own name; then the page that starts a batch."""
    address = page.url.split("/batches/")[0]
    page.goto(f"{address}/prompts/import/")
    lines = "\n".join(f"Topic {count},Which tool is number {number} of {count}?" for number in range(count))
    page.locator("[name=text]").fill(f"topic,text\n{lines}")
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name=re.compile("^Import")).click()
    page.goto(f"{address}/batches/new/")
    page.get_by_label("By topic").check()
    page.locator(".for-groups").get_by_label(f"Topic {count}", exact=True).check()


def start(page: "Page", *, name: str) -> None:
    """What is chosen goes to the demo agent, once more today too."""
    page.locator("[name=whom][value=picked]").check()
    page.locator(".for-targets").get_by_label("demo/agent").check()
    page.get_by_label("Ask again today").check()
    page.locator("[name=name]").fill(name)
    page.locator("#estimate dd").first.wait_for()
    page.get_by_role("button", name="Start batch").click()
    page.wait_for_url(BATCH)


def test_a_batch_is_started_watched_and_its_child_opened(open_page: OpenPage) -> None:
    page = open_page(leads_to="/batches/new/")
    ask_prompts(page, 6)
    start(page, name="Watched")
    page.locator("#batch-now .pill-completed", has_text="completed").first.wait_for(timeout=DONE_MS)
    page.locator("#by-target").wait_for(timeout=10_000)  # the results follow by themselves
    assert page.locator("#batch-now").inner_text().count("100 %") == 1
    page.locator(".matrix td.heat a").first.click()
    page.get_by_role("heading", name="Part of the batch Watched").wait_for()
    page.locator("#trial").get_by_role("link", name="Watched").click()
    page.wait_for_url(BATCH)


def test_a_batch_is_cancelled_and_what_it_left_out_run_again(open_page: OpenPage) -> None:
    page = open_page(leads_to="/batches/new/")
    ask_prompts(page, 400)
    start(page, name="Stopped")
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel batch").click()
    page.locator("#batch-now .pill-cancelled", has_text="cancelled").first.wait_for(timeout=DONE_MS)
    page.get_by_role("button", name="Run again…").wait_for()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete batch").click()
    page.wait_for_url(re.compile("/batches/$"))
    assert page.get_by_text("Deleted the batch Stopped").is_visible()


def test_a_failed_child_is_opened_from_the_matrix_the_batch_resumed_and_what_failed_run_again(open_page: OpenPage, site: Site) -> None:
    broken = site.made(BROKEN)
    page = open_page(leads_to=f"/batches/{broken}/")
    page.locator(".matrix td:has(.mark-failed) a").click()
    page.get_by_role("heading", name="Part of the batch Broken").wait_for()
    assert page.locator("#trial").get_by_text("The judge found that the expected behaviour was not met.").is_visible()
    page.locator(".crumb").get_by_role("link", name="Broken").click()
    page.get_by_role("button", name="Resume").click()
    page.locator("#batch-now .pill-completed", has_text="completed").first.wait_for(timeout=DONE_MS)
    page.locator(".matrix .mark-answered").wait_for()  # the one that had been interrupted
    page.get_by_role("button", name="Run again…").click()
    page.get_by_role("button", name="Only what failed").click()
    page.get_by_text("This is the new batch.").wait_for()
    assert broken not in page.url
    page.locator("#batch-now .pill-completed", has_text="completed").first.wait_for(timeout=DONE_MS)
    page.locator(".matrix .mark-answered").wait_for()
    assert page.locator(".matrix-label").all_inner_texts() == ["Which tool is number 1 of those that broke?"]


def test_what_is_chosen_is_offered_again_after_the_session_had_ended(open_page: OpenPage, site: Site) -> None:
    page = open_page(leads_to="/batches/new/")
    page.locator("[name=name]").fill("Nearly lost")
    page.locator("[name=whom][value=picked]").check()
    page.locator(".for-targets").get_by_label("demo/agent").check()
    page.context.clear_cookies(name=re.compile("session"))
    page.get_by_role("button", name="Start batch").click()
    page.wait_for_url(re.compile("/sign-in"))
    page.goto(site.link("/batches/new/"))
    page.get_by_role("button", name="Restore them").click()
    assert page.locator("[name=name]").input_value() == "Nearly lost"
    assert page.locator(".for-targets").get_by_label("demo/agent").is_checked()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_the_pages_fit_and_are_worked_by_the_keyboard(open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(leads_to="/batches/new/", width=width, color_scheme=scheme)
    ask_prompts(page, 3 if width > 1000 else 4)
    start(page, name=f"Keys {width}")
    page.locator("#batch-now .pill-completed", has_text="completed").first.wait_for(timeout=90_000)
    page.locator("#by-target").wait_for(timeout=10_000)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(".matrix td.heat a").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Part of the batch").wait_for()
    page.goto(page.url.split("/runs/")[0] + "/batches/")
    page.get_by_role("link", name=f"Keys {width}").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(BATCH)
