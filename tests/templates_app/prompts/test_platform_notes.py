"""Platforms that nothing can be asked by are kept, since the contract takes any, and noted wherever a prompt is written."""

import pytest
from django.test import Client

from agents.models import ModelProvider
from evalhub.accounts.models import Project
from templates_app.models import Prompt, PromptTopic
from tests.templates_app.prompts.test_pages import IMPORT, LIST, NEW, editor, project, topic, typed

__all__ = ["editor", "project", "topic"]
pytestmark = pytest.mark.django_db
NOBODY = "This project has no platform OpenAI, &lt;b&gt;: no target can be there until a provider or coding agent has that very name."


def test_a_platform_that_nothing_can_be_asked_by_is_kept_and_noted(editor: Client, topic: PromptTopic) -> None:
    saved = editor.post(NEW, typed(topic_id=topic.pk, platform_ids="openai, OpenAI, <b>, demo, codex"), follow=True)
    made = Prompt.objects.get()
    assert made.platform_ids == ["openai", "OpenAI", "<b>", "demo", "codex"]
    assert NOBODY in saved.content.decode()
    again = editor.get(f"{LIST}{made.pk}/").content.decode()
    assert NOBODY in again
    assert "There are: anthropic, claude-code, codex, " in again


def test_known_platforms_are_no_matter_for_a_note(editor: Client, project: Project, topic: PromptTopic) -> None:
    ModelProvider.objects.create(project=project, name="house", base_url="http://127.0.0.1:9/v1")
    saved = editor.post(NEW, typed(topic_id=topic.pk, platform_ids="openai, house, gemini"), follow=True).content.decode()
    assert "The prompt is saved." in saved
    assert "no platform" not in saved
    assert "no platform" not in editor.get(NEW).content.decode()


def test_an_import_notes_unknown_platforms_before_anything_is_stored(editor: Client) -> None:
    lines = "topic,text,platforms\nPricing,Who is first?,openai|OpenAI\nPricing,Who is last?,<b>\nPricing,,elsewhere\n"
    preview = editor.post(IMPORT, {"text": lines}).content.decode()
    assert NOBODY in preview
    editor.post(IMPORT, {"text": lines, "confirmed": "1"})
    assert sorted(Prompt.objects.values_list("platform_ids", flat=True)) == [["<b>"], ["openai", "OpenAI"]]
