"""Pages of prompts, topics and brands: editors write, viewers read, strangers find nothing."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project, Role
from templates_app.models import Brand, Prompt, PromptTopic
from templates_app.prompts import brands, services
from templates_app.prompts.services import NewPrompt
from tests import factories
from tests.runs.exports.reading import body
from tests.runs.web.conftest import owner, project, signed_in, stranger, teammate

__all__ = ["owner", "project", "stranger", "teammate"]
pytestmark = pytest.mark.django_db
LIST, NEW, IMPORT, TOPICS, BRANDS = "/prompts/", "/prompts/new/", "/prompts/import/", "/prompts/topics/", "/brands/"
HOSTILE = "<script>alert(1)</script>"
Status = Prompt.Status


@pytest.fixture
def editor(project: Project) -> Client:
    return signed_in(factories.user(project=project, role=Role.EDITOR))


@pytest.fixture
def topic(project: Project) -> PromptTopic:
    return services.topic_create(project=project, name="Pricing")


@pytest.fixture
def prompt(topic: PromptTopic) -> Prompt:
    return services.prompt_create(
        project=topic.project, topic_id=topic.pk, text="Which is cheapest?", platform_ids=["openai"], tags=["launch"]
    )


def fill(topic: PromptTopic, count: int) -> None:
    given = [NewPrompt(topic.pk, f"Question {number:03}", ["openai"] if number % 2 else ["démo"]) for number in range(count)]
    services.prompts_create_batch(project=topic.project, given=given)


def typed(**given: Any) -> dict[str, Any]:
    fields = {
        "text": "Who is first?",
        "topic_id": "",
        "new_topic": "",
        "platform_ids": "",
        "tags": "",
        "template_id": "",
        "status": "active",
    }
    return fields | given


def texts(client: Client, query: str = "") -> list[str]:
    return [prompt.text for prompt in client.get(LIST + query).context["prompts"]]


def test_empty_pages_teach(owner: Client, teammate: Client) -> None:
    for path, words in ((LIST, "Write the first prompt"), (TOPICS, "Name the first"), (BRANDS, "Name your own brand")):
        assert words in owner.get(path).content.decode()
        assert "Editors of the project" in teammate.get(path).content.decode()


def test_an_editor_writes_a_prompt_with_a_new_topic(editor: Client, project: Project) -> None:
    answer = editor.post(NEW, typed(new_topic="Pricing", platform_ids="openai, demo,", tags="a, b"))
    assert answer.url == LIST
    made = Prompt.objects.get(project=project)
    assert (made.text, made.topic.name, made.platform_ids) == ("Who is first?", "Pricing", ["openai", "demo"])
    assert [tag.name for tag in made.tags.all()] == ["a", "b"]


def test_another_prompt_begins_with_the_same_topic(editor: Client, topic: PromptTopic) -> None:
    answer = editor.post(NEW, typed(topic_id=topic.pk, another="1"))
    assert editor.get(answer.url).context["form"]["topic_id"].value() == str(topic.pk)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"text": ""}, "text"),
        ({"topic_id": ""}, "topic_id"),
        ({"topic_id": "11111111-1111-1111-1111-111111111111"}, "topic_id"),
        ({"new_topic": "Pricing"}, "new_topic"),
        ({"platform_ids": "x" * 121}, "platform_ids"),
        ({"tags": "x" * 81}, "tags"),
        ({"status": "sleeping"}, "status"),
        ({"template_id": "nonsense"}, "template_id"),
    ],
)
def test_whatever_cannot_be_saved_is_said_beside_its_field(editor: Client, topic: PromptTopic, sent: dict[str, Any], field: str) -> None:
    answer = editor.post(NEW, typed(**({"topic_id": topic.pk, "text": f"Which? {HOSTILE}"} | sent)))
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert HOSTILE not in answer.content.decode()
    assert not Prompt.objects.exists()
    assert PromptTopic.objects.count() == 1


def test_saving_an_unchanged_prompt_changes_nothing(editor: Client, prompt: Prompt) -> None:
    form = editor.get(f"{LIST}{prompt.pk}/").context["form"]
    editor.post(f"{LIST}{prompt.pk}/", {name: form[name].value() or "" for name in form.fields})
    same = Prompt.objects.get(pk=prompt.pk)
    assert (same.text, same.topic, same.platform_ids, same.status) == (prompt.text, prompt.topic, ["openai"], Status.ACTIVE)
    assert [tag.name for tag in same.tags.all()] == ["launch"]


def test_an_archived_prompt_of_an_archived_topic_can_be_saved_as_it_is(editor: Client, prompt: Prompt) -> None:
    services.topic_delete(topic_id=prompt.topic_id, project=prompt.project, archive_prompts=True)
    form = editor.get(f"{LIST}{prompt.pk}/").context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    assert editor.post(f"{LIST}{prompt.pk}/", sent | {"text": "Other words?"}).url == LIST
    assert editor.post(f"{LIST}{prompt.pk}/", sent | {"status": "active"}).status_code == 400


def test_filters_leave_what_is_asked_for(editor: Client, topic: PromptTopic, prompt: Prompt) -> None:
    fill(topic, 4)
    services.prompts_set_status(project=topic.project, prompt_ids=[prompt.pk], status=Status.ARCHIVED)
    other = services.topic_create(project=topic.project, name="Support")
    services.prompt_create(project=topic.project, topic_id=other.pk, text="Who helps?", status=Status.INACTIVE, tags=["eu"])
    assert len(texts(editor)) == 5
    assert texts(editor, "?status=archived") == ["Which is cheapest?"]
    assert len(texts(editor, "?status=all")) == 6
    assert texts(editor, f"?topic={other.pk}") == texts(editor, "?q=HELPS") == texts(editor, "?tag=eu") == texts(editor, "?status=inactive")
    assert texts(editor, "?platform=openai") == ["Question 003", "Question 001"]
    assert texts(editor, "?platform=d%C3%A9mo") == ["Question 002", "Question 000"]
    assert texts(editor, "?platform=open") == []
    assert len(texts(editor, "?topic=nonsense&status=x&q=%00")) == 5


def test_pages_follow_each_other_and_take_the_same_queries(
    editor: Client, topic: PromptTopic, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    fill(topic, 120)
    seen, href = [], LIST
    with django_assert_max_num_queries(12):
        editor.get(LIST)
    while href:
        with django_assert_max_num_queries(6):
            answer = editor.get(href, headers={"HX-Request": "true"})
        seen += [prompt.text for prompt in answer.context["prompts"]]
        href = answer.context["more_href"]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 120
    assert "120 prompts" in editor.get(LIST).content.decode()


def test_ticked_prompts_change_their_status_together(editor: Client, topic: PromptTopic, stranger: Client) -> None:
    fill(topic, 3)
    first, second, third = Prompt.objects.order_by("text")
    answer = editor.post(f"{LIST}bulk", {"action": "archive", "prompt": [first.pk, second.pk], "q": "Question"}, follow=True)
    assert answer.redirect_chain[0][0] == f"{LIST}?q=Question"
    assert "2 prompts are now archived." in answer.content.decode()
    assert texts(editor) == [third.text]
    editor.post(f"{LIST}bulk", {"action": "deactivate", "prompt": [first.pk]})
    assert Prompt.objects.get(pk=first.pk).status == Status.INACTIVE
    stranger.post(f"{LIST}bulk", {"action": "archive", "prompt": [third.pk]})
    assert Prompt.objects.get(pk=third.pk).status == Status.ACTIVE


@pytest.mark.parametrize("sent", [{"action": "explode"}, {"action": "archive", "prompt": "nonsense"}, {}])
def test_a_form_that_no_page_has_is_refused(editor: Client, sent: dict[str, str]) -> None:
    assert editor.post(f"{LIST}bulk", sent).status_code == 400


def test_an_import_shows_everything_before_anything_is_stored(editor: Client, prompt: Prompt) -> None:
    file = SimpleUploadedFile(
        "p.csv", f'topic;text\nPricing;Which is cheapest?\nNew;"Is {HOSTILE} safe?"\nNew;\nNew;Fine\nNew;fine\n'.encode()
    )
    answer = editor.post(IMPORT, {"file": file, "text": "", "topic": ""})
    preview, page = answer.context["preview"], answer.content.decode()
    assert [(line.number, line.error) for line in preview.table.wrong] == [
        (2, "This prompt is there already."),
        (4, "A text is needed."),
        (6, "The same as line 5."),
    ]
    assert preview.new_topics == ["New"]
    assert "Import 2 prompts, leave 3 out" in page
    assert HOSTILE not in page
    assert Prompt.objects.count() == 1
    sent = {"confirmed": "1", "text": answer.context["form"].cleaned_data["text"], "topic": ""}
    editor.post(IMPORT, sent)
    assert set(Prompt.objects.values_list("topic__name", "text")) == {
        ("Pricing", "Which is cheapest?"),
        ("New", f"Is {HOSTILE} safe?"),
        ("New", "Fine"),
    }
    editor.post(IMPORT, sent)
    assert Prompt.objects.count() == 3, "sent twice, imported once"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "a,b\n" + '"' * 3 + "x" * 140_000}, "text"),
        ({"file": SimpleUploadedFile("p.csv", b"topic,text\nA,\xff")}, "file"),
    ],
)
def test_a_file_that_is_no_table_says_why(editor: Client, sent: dict[str, Any], field: str) -> None:
    answer = editor.post(IMPORT, {"text": "", "topic": ""} | sent)
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]


def test_ten_thousand_lines_are_imported(editor: Client, project: Project) -> None:
    text = "topic,text,tags\n" + "".join(f"T{number % 20},Question {number},a|b\n" for number in range(10_000))
    editor.post(IMPORT, {"text": text, "topic": "", "confirmed": "1"})
    assert Prompt.objects.filter(project=project, tags__name="a").count() == 10_000
    assert PromptTopic.objects.filter(project=project).count() == 20


def test_what_is_exported_has_the_filters_and_no_formulas(editor: Client, topic: PromptTopic, prompt: Prompt) -> None:
    services.prompt_create(project=topic.project, topic_id=topic.pk, text="=1+1")
    rows = list(csv.reader(StringIO(body(editor.get("/prompts/export.csv")).removeprefix("\ufeff"))))
    assert rows == [
        ["topic", "text", "platforms", "tags", "status"],
        ["Pricing", "'=1+1", "", "", "active"],
        ["Pricing", "Which is cheapest?", "openai", "launch", "active"],
    ]
    assert "=1+1" not in body(editor.get("/prompts/export.csv?q=cheapest"))


def test_topics_are_named_renamed_and_taken_out_of_use(editor: Client, prompt: Prompt) -> None:
    editor.post(TOPICS, {"name": "Support"})
    assert editor.post(TOPICS, {"name": "Support"}).status_code == 400
    support = PromptTopic.objects.get(name="Support")
    refused = editor.post(f"{TOPICS}{support.pk}/rename", {"name": "Pricing"})
    assert refused.status_code == 400
    assert escape("Another topic of this project is already named 'Pricing'.") in refused.content.decode()
    editor.post(f"{TOPICS}{support.pk}/rename", {"name": "Help"})
    editor.post(f"{TOPICS}{prompt.topic_id}/delete")
    prompt.refresh_from_db()
    assert prompt.status == Status.ARCHIVED
    assert [topic.name for topic in editor.get(TOPICS).context["topics"]] == ["Help"]


def test_the_numbers_of_topics_come_from_one_query(editor: Client, topic: PromptTopic, django_assert_max_num_queries: Any) -> None:
    fill(topic, 3)
    Prompt.objects.filter(text="Question 000").update(status=Status.INACTIVE)
    for number in range(10):
        services.topic_create(project=topic.project, name=f"Topic {number}")
    with django_assert_max_num_queries(7):
        listed = list(editor.get(TOPICS).context["topics"])
    assert (listed[0].name, listed[0].active, listed[0].in_use, len(listed)) == ("Pricing", 2, 3, 11)


def test_brands_are_written_and_the_first_own_one_is_the_company(editor: Client, project: Project) -> None:
    editor.post(f"{BRANDS}new/", {"name": "Beta", "aliases": "", "domain": ""})
    editor.post(f"{BRANDS}new/", {"name": "Acme", "is_own": "on", "aliases": "Acme Corp\nACME Inc", "domain": "https://acme.com/x"})
    page = editor.get(BRANDS)
    assert page.context["company"].aliases == ["Acme Corp", "ACME Inc"]
    assert [brand.name for brand in page.context["others"]] == ["Beta"]
    acme = page.context["company"]
    form = editor.get(f"{BRANDS}{acme.pk}/").context["form"]
    assert form["aliases"].value() == "Acme Corp\nACME Inc"
    refused = editor.post(f"{BRANDS}{acme.pk}/", {"name": "beta", "aliases": "", "domain": "no domain"})
    assert refused.context["form"].errors["domain"]
    assert editor.post(f"{BRANDS}{acme.pk}/", {"name": "beta", "aliases": "", "domain": ""}).context["form"].errors["name"]
    editor.post(f"{BRANDS}{acme.pk}/delete")
    assert [brand.name for brand in Brand.objects.all()] == ["Beta"]


def test_a_viewer_reads_and_is_refused_to_write(teammate: Client, prompt: Prompt) -> None:
    brand = brands.brand_create(project=prompt.project, name="Acme", is_own=True)
    page = teammate.get(f"{LIST}{prompt.pk}/").content.decode()
    assert "Which is cheapest?" in page
    assert "<textarea" not in page
    for path in (LIST, TOPICS, BRANDS):
        assert 'method="post" action="/prompts' not in teammate.get(path).content.decode()
        assert "/new/" not in teammate.get(path).content.decode()
    reads = (NEW, IMPORT, f"{BRANDS}new/", f"{BRANDS}{brand.pk}/")
    assert [teammate.get(path).status_code for path in reads] == [403] * 4
    writes = (NEW, f"{LIST}{prompt.pk}/", f"{LIST}bulk", TOPICS, IMPORT, f"{TOPICS}{prompt.topic_id}/delete", f"{BRANDS}{brand.pk}/delete")
    assert [teammate.post(path).status_code for path in writes] == [403] * 7


def test_a_stranger_finds_nothing(stranger: Client, prompt: Prompt) -> None:
    brand = brands.brand_create(project=prompt.project, name="Acme", is_own=True)
    paths = (f"{LIST}{prompt.pk}/", f"{BRANDS}{brand.pk}/")
    assert [stranger.get(path).status_code for path in paths] == [404, 404]
    writes = (
        f"{LIST}{prompt.pk}/delete",
        f"{TOPICS}{prompt.topic_id}/rename",
        f"{TOPICS}{prompt.topic_id}/delete",
        f"{BRANDS}{brand.pk}/delete",
    )
    assert [stranger.post(path).status_code for path in writes] == [404] * 4
    assert texts(stranger) == []
    assert "Which" not in body(stranger.get("/prompts/export.csv"))


def test_only_what_may_be_left_out_is_called_optional(editor: Client) -> None:
    page = editor.get("/prompts/import/").text
    assert page.count(">optional<") == 1  # a file or its text is needed; the topic is not
