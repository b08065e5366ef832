"""Prompts and topics as they are written: one or many, changed, archived, deleted; never those of another project."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.models import Prompt, PromptTag, PromptTopic
from templates_app.prompts import services
from templates_app.prompts.services import NewPrompt, TopicConflict
from tests import factories

pytestmark = pytest.mark.django_db
Status = Prompt.Status


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def topic(project: Project) -> PromptTopic:
    return services.topic_create(project=project, name="Pricing")


@pytest.fixture
def foreign() -> PromptTopic:
    return services.topic_create(project=factories.project(), name="Theirs")


def make(topic: PromptTopic, text: str = "Which is best?", **more: object) -> Prompt:
    return services.prompt_create(project=topic.project, topic_id=topic.pk, text=text, **more)


def test_it_makes_a_prompt_with_what_belongs_to_it(topic: PromptTopic) -> None:
    prompt = make(topic, "  Which tool?\n", platform_ids=["openai", " openai ", ""], tags=["launch", "eu  west"])
    prompt.refresh_from_db()
    assert (prompt.text, prompt.platform_ids, prompt.status) == ("Which tool?", ["openai"], Status.ACTIVE)
    assert [tag.name for tag in prompt.tags.all()] == ["eu west", "launch"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": "a\ud800b"}, "text"),
        ({"platform_ids": ["x" * 121]}, "platform_ids"),
        ({"platform_ids": [str(number) for number in range(21)]}, "platform_ids"),
        ({"tags": ["x" * 81]}, "tags"),
        ({"status": "sleeping"}, "status"),
        ({"template_id": uuid.uuid4()}, "template"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_field(topic: PromptTopic, given: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make(topic, **({"text": "Which?"} | given))
    assert list(refused.value.message_dict) == [field]
    assert not Prompt.objects.exists()


def test_a_topic_of_another_project_does_not_exist(project: Project, foreign: PromptTopic) -> None:
    for key in (foreign.pk, "nonsense"):
        with pytest.raises(PromptTopic.DoesNotExist):
            services.prompt_create(project=project, topic_id=key, text="Which?")


def test_of_many_the_wrong_ones_are_named_and_the_others_made(topic: PromptTopic, foreign: PromptTopic) -> None:
    given = [
        NewPrompt(str(topic.pk), "First"),
        NewPrompt(foreign.pk, "Second"),
        NewPrompt("nonsense", "Third"),
        NewPrompt(topic.pk, ""),
        NewPrompt(topic.pk, "Fifth", tags=["launch"]),
    ]
    made = services.prompts_create_batch(project=topic.project, given=given)
    assert [prompt.text for prompt in made.created] == ["First", "Fifth"]
    assert [(error.index, error.text, error.error) for error in made.errors] == [
        (1, "Second", services.NO_TOPIC),
        (2, "Third", services.NO_TOPIC),
        (3, "", "A text is needed."),
    ]
    assert Prompt.objects.filter(tags__name="launch").get().text == "Fifth"


def test_a_hundred_take_as_many_queries_as_one(topic: PromptTopic, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    given = [NewPrompt(topic.pk, f"Question {number}", tags=["a", f"b{number % 3}"]) for number in range(100)]
    with django_assert_num_queries(7):  # topics, prompts, tags made and read, their places; begin and end of a savepoint
        services.prompts_create_batch(project=topic.project, given=given)
    assert Prompt.objects.filter(tags__name="a").count() == 100


def test_it_changes_what_is_given_and_nothing_else(topic: PromptTopic) -> None:
    prompt = make(topic, platform_ids=["openai"], tags=["old"])
    services.prompt_update(prompt_id=prompt.pk, project=topic.project, text="New?", is_active=False, tags=["new"])
    prompt.refresh_from_db()
    assert (prompt.text, prompt.status, prompt.platform_ids, prompt.topic) == ("New?", Status.INACTIVE, ["openai"], topic)
    assert [tag.name for tag in prompt.tags.all()] == ["new"]


def test_a_prompt_of_another_project_is_neither_changed_nor_deleted(project: Project, foreign: PromptTopic) -> None:
    prompt = make(foreign)
    with pytest.raises(Prompt.DoesNotExist):
        services.prompt_update(prompt_id=prompt.pk, project=project, text="Mine")
    with pytest.raises(Prompt.DoesNotExist):
        services.prompt_delete(prompt_id=prompt.pk, project=project)
    assert services.prompts_set_status(project=project, prompt_ids=[prompt.pk], status=Status.ARCHIVED) == 0


def test_a_topic_with_prompts_in_use_stays_unless_they_are_archived_with_it(topic: PromptTopic) -> None:
    prompt = make(topic)
    with pytest.raises(TopicConflict, match="1 prompt in use"):
        services.topic_delete(topic_id=topic.pk, project=topic.project)
    services.topic_delete(topic_id=topic.pk, project=topic.project, archive_prompts=True)
    prompt.refresh_from_db()
    topic.refresh_from_db()
    assert prompt.status == Status.ARCHIVED
    assert topic.archived_at is not None


def test_a_topic_without_prompts_is_gone_and_its_name_is_free(topic: PromptTopic) -> None:
    services.topic_delete(topic_id=topic.pk, project=topic.project)
    assert not PromptTopic.objects.exists()
    assert services.topic_create(project=topic.project, name="Pricing").pk != topic.pk


def test_the_name_of_an_archived_topic_is_free(topic: PromptTopic) -> None:
    make(topic)
    services.topic_delete(topic_id=topic.pk, project=topic.project, archive_prompts=True)
    assert services.topic_create(project=topic.project, name="Pricing").pk != topic.pk


def test_a_prompt_of_an_archived_topic_comes_back_only_with_another_topic(topic: PromptTopic) -> None:
    prompt = make(topic)
    services.topic_delete(topic_id=topic.pk, project=topic.project, archive_prompts=True)
    with pytest.raises(ValidationError, match="another topic"):
        services.prompt_update(prompt_id=prompt.pk, project=topic.project, is_active=True)
    assert services.prompts_set_status(project=topic.project, prompt_ids=[prompt.pk], status=Status.ACTIVE) == 0
    other = services.topic_create(project=topic.project, name="Support")
    services.prompt_update(prompt_id=prompt.pk, project=topic.project, is_active=True, topic_id=other.pk)
    prompt.refresh_from_db()
    assert (prompt.status, prompt.topic) == (Status.ACTIVE, other)


def test_two_topics_cannot_have_one_name(topic: PromptTopic) -> None:
    with pytest.raises(TopicConflict, match="Pricing"):
        services.topic_create(project=topic.project, name=" Pricing ")
    other = services.topic_create(project=topic.project, name="Support")
    with pytest.raises(TopicConflict, match="Pricing"):
        services.topic_rename(topic_id=other.pk, project=topic.project, name="Pricing")
    with pytest.raises(PromptTopic.DoesNotExist):
        services.topic_rename(topic_id=other.pk, project=factories.project(), name="Mine")


def test_topics_of_names_are_found_or_made(topic: PromptTopic) -> None:
    found = services.topics_named(project=topic.project, names=["Pricing", "Support", "Support"])
    assert set(found) == {"Pricing", "Support"}
    assert found["Pricing"] == topic
    assert PromptTopic.objects.count() == 2


def test_deleting_a_prompt_leaves_its_tags_to_others(topic: PromptTopic) -> None:
    prompt = make(topic, tags=["launch"])
    services.prompt_delete(prompt_id=prompt.pk, project=topic.project)
    assert PromptTag.objects.get().name == "launch"
