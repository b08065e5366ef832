"""Agents and personas as a person meets them: sliders by keyboard, a prompt that follows, an endpoint tried, a chat, a draft kept."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

Picture = Callable[..., None]
NEW = "/agents/new/"
SETTLED_MS = 900  # past the wait of a preview


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running


def prompt(page: "Page") -> str:
    return page.inner_text("#agent-preview .preview-text")


def test_a_character_is_made_with_the_keyboard_alone(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(leads_to=NEW)
    page.focus("#id_name")
    page.keyboard.type("Keyboard Kim")
    page.focus("#id_big5_openness")
    for _ in range(3):
        page.keyboard.press("PageUp")
    assert page.get_attribute("#id_big5_openness", "aria-valuetext") == "80, somewhat high"
    assert page.is_checked("[name=big5_openness_on]")
    page.wait_for_selector("#agent-preview :text('Openness (somewhat high)')")
    assert prompt(page).startswith("You are Keyboard Kim.")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    page.wait_for_selector("#agent-preview pre:not(:has-text('Openness'))")
    page.keyboard.press("Space")
    page.focus("#id_initial_goals [data-rows-add]")
    page.keyboard.press("Enter")
    page.keyboard.type("Be understood")
    page.wait_for_selector("#agent-preview :text('Be understood')")
    picture(page)
    page.keyboard.press("Enter")  # a new row, which stays empty, and not the form
    page.focus(".form-actions .button-main")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:text-is('Keyboard Kim')")
    assert "Be understood" in prompt(page)
    assert "Openness (somewhat high)" in prompt(page)


def test_the_radar_follows_a_slider_before_the_server_answers(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    page.route("**/agents/preview/", lambda route: None)
    for trait in ("openness", "extraversion", "neuroticism"):
        page.focus(f"#id_big5_{trait}")
        page.keyboard.press("End")
    assert len(page.get_attribute(".chart-radar .chart-shape", "points").split()) == 3
    assert page.locator(".chart-radar circle").count() == 3


def test_a_switch_of_the_kind_shows_its_fields_and_keeps_what_was_typed(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    page.fill("#id_bio", "Knows every bus line.")
    page.click("label:has-text('JSON webhook')")
    assert not page.is_visible("#id_bio")
    page.fill("#id_endpoint_url", "https://bot.example/hook")
    assert page.is_visible("#id_reply_path")
    page.click("label:has-text('OpenAI-compatible')")
    assert not page.is_visible("#id_reply_path")
    assert page.input_value("#id_endpoint_url") == "https://bot.example/hook"
    page.click("label:text-is('Character')")
    assert page.input_value("#id_bio") == "Knows every bus line."


def test_an_endpoint_is_tried_saved_and_talked_to(open_page: OpenPage, server: MockModelServer, picture: Picture) -> None:
    page = open_page(leads_to=NEW)
    page.fill("#id_name", "Hooked")
    page.click("label:has-text('JSON webhook')")
    page.fill("#id_endpoint_url", server.webhook_url)
    page.fill("#id_endpoint_secret", "tok-secret")
    page.fill("#id_reply_path", "nested.text")
    page.click("text=Test the endpoint")
    page.wait_for_selector(".test-result :text('leads nowhere')")
    assert '"items"' in page.inner_text(".test-raw")
    page.fill("#id_reply_path", "nested.items.0.text")
    page.click("text=Test the endpoint")
    page.wait_for_selector(".test-reply:has-text('Answer 1 on: Hello! Who are you?')")
    assert "tok-secret" not in page.content()
    picture(page, "tested")
    page.click("button:has-text('Create agent')")
    page.click("text=Test chat")
    server.reply_delay_s = 3
    page.fill("#talk-message", "<b>Hello</b>")
    page.keyboard.press("Enter")
    page.wait_for_selector("#talk-typing:visible")
    assert page.inner_text(".turn-user .bubble") == "<b>Hello</b>"
    page.wait_for_selector(".turn-assistant")
    assert page.evaluate("document.activeElement.id") == "talk-message"
    assert "unpriced" in page.inner_text("#talk")
    picture(page, "chat")
    assert {headers.get("Authorization") for headers in server.headers} == {"Bearer tok-secret"}


def test_a_chat_that_fails_says_why_and_tries_again(open_page: OpenPage, site: Site, server: MockModelServer) -> None:
    page = open_page(leads_to=NEW)
    page.fill("#id_name", "Shaky")
    page.click("label:has-text('OpenAI-compatible')")
    page.fill("#id_endpoint_url", server.openai_url)
    page.click("button:has-text('Create agent')")
    page.click("text=Test chat")
    server.script.push("Shaky", "500")
    page.fill("#talk-message", "Are you there?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#talk .notice-bad:has-text('answered 500')")
    page.click("text=Try again")
    page.wait_for_selector(".turn-assistant:has-text('Answer 1 on: Are you there?')")
    assert page.locator(".turn").count() == 2


def test_the_demo_agent_chats_and_is_labelled(open_page: OpenPage) -> None:
    page = open_page(leads_to="/agents/")
    page.click(".row-link:text-is('Mara')")
    page.click("text=Test chat")
    assert page.is_visible(".tag-demo")
    page.fill("#talk-message", "What can I cook with carrots?")
    page.click("text=Send")
    page.wait_for_selector(".turn-assistant")


def test_an_agent_is_deleted_only_after_the_question(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    page.fill("#id_name", "Short lived")
    page.click("button:has-text('Create agent')")
    page.click("text=More")
    page.click("text=Delete…")
    page.click(".dialog button:text-is('Keep')")  # the menu is still open
    page.wait_for_selector("#agent-delete", state="hidden")
    page.click("text=Delete…")
    page.click("button:text-is('Delete agent')")
    page.wait_for_selector(".notice-success:has-text('Short lived is deleted')")
    assert page.locator(".row-link:text-is('Short lived')").count() == 0


def test_a_search_leaves_the_focus_where_it_is(open_page: OpenPage) -> None:
    page = open_page(leads_to="/agents/")
    page.click("#agent-search")
    page.keyboard.type("nobody of this name")
    page.wait_for_selector("#agent-rows:has-text('No agent has')")
    assert page.evaluate("document.activeElement.id") == "agent-search"
    assert "q=nobody" in page.url


def test_what_is_typed_into_an_agent_survives_a_reload(open_page: OpenPage) -> None:
    page = open_page(leads_to=NEW)
    page.on("dialog", lambda dialog: dialog.accept())
    page.fill("#id_name", "Half written")
    page.click("#id_seed_memories [data-rows-add]")
    page.keyboard.type("Was once a lighthouse keeper.")
    page.wait_for_timeout(SETTLED_MS)
    page.reload()
    page.click("text=Restore them")
    assert page.input_value("#id_name") == "Half written"
    assert page.input_value("#id_seed_memories textarea") == "Was once a lighthouse keeper."
    page.click("button:has-text('Create agent')")
    page.wait_for_selector(".notice-success")
    page.goto(re.sub(r"/agents/.*", NEW, page.url))
    assert page.locator("[data-draft-notice]").count() == 0


def test_a_persona_is_written_row_by_row(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(leads_to="/personas/new/")
    page.fill("#id_name", "Pia")
    page.click("text=Add fact")
    page.keyboard.type("Has a dog")
    page.keyboard.press("Enter")
    page.keyboard.type("Lives in Graz")
    page.wait_for_selector("#persona-preview pre:has-text('- Lives in Graz')")
    page.click("[aria-label='Remove fact 1']")
    page.wait_for_selector("#persona-preview pre:not(:has-text('Has a dog'))")
    assert page.evaluate("document.activeElement.value") == "Lives in Graz"
    picture(page)
    page.click("text=Create persona")
    page.wait_for_selector(".notice-success")
    assert page.locator("[name=facts_text]").count() == 1


def test_everything_works_without_scripts(open_page: OpenPage, server: MockModelServer) -> None:
    page = open_page(leads_to=NEW, java_script_enabled=False)
    page.fill("#id_name", "Plain")
    page.click("label:has-text('JSON webhook')")
    page.fill("#id_endpoint_url", server.webhook_url)
    page.click("text=Test the endpoint")
    page.wait_for_selector("h1:text-is('Endpoint test')")
    page.go_back()
    assert page.input_value("#id_name") == "Plain"
    page.click("button:has-text('Create agent')")
    page.click("text=Test chat")
    page.fill("#talk-message", "Hello")
    page.click("text=Send")
    page.wait_for_selector(".turn-assistant:has-text('Answer 1 on: Hello')")
    page.goto(re.sub(r"/agents/.*", "/personas/new/", page.url))
    page.fill("#id_name", "Plain Pia")
    page.click("text=Add fact")
    page.fill("[name=facts_text]", "Has a dog")
    page.click("text=Create persona")
    page.wait_for_selector("h1:text-is('Plain Pia')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_fit_and_axe_finds_nothing_serious(open_page: OpenPage, site: Site, picture: Picture, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    page = open_page(leads_to="/agents/", width=width, color_scheme=scheme)
    agent = str(page.get_attribute(".row-link:text-is('Mara')", "href"))
    page.goto(f"{site.url}/personas/")
    persona = str(page.get_attribute(".row-link:text-is('Jonas')", "href"))
    found = []
    for path in ("/agents/", NEW, agent, f"{agent}edit/", f"{agent}chat/", "/personas/", persona, "/personas/import/"):
        page.goto(site.url + path)
        page.wait_for_timeout(SETTLED_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        picture(page, path.strip("/").replace("/", "-")[-40:])
        violations = axe.run(page).response["violations"]
        found += [(path, item["id"], item["nodes"][0]["html"]) for item in violations if item["impact"] in {"serious", "critical"}]
    assert found == []
