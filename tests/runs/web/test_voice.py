"""The page of share of voice: what it says, its filters in the address, demo answers by themselves, nothing of other projects."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.models import PromptTopic
from templates_app.prompts import brands, services
from tests.runs.web.conftest import owner, project, stranger, teammate
from tests.support.answers import answer

__all__ = ["owner", "project", "stranger", "teammate"]
pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def topic(project: Project) -> PromptTopic:
    return services.topic_create(project=project, name="Clouds")


def test_without_answers_it_says_what_will_be_here(owner: Client) -> None:
    page = owner.get("/voice/").content.decode()
    assert "No answers in 30 days" in page
    assert "No brand is named as your own" in page


def test_it_says_rate_share_and_rank_with_what_they_are_of(teammate: Client, project: Project, topic: PromptTopic) -> None:
    brands.brand_create(project=project, name="Acme", is_own=True)
    answer("Globex, then Acme. https://acme.test/", project=project, topic=topic)
    answer("Nobody.", project=project, topic=topic)
    page = teammate.get("/voice/").content.decode()
    assert "1 of 2 mentions" in page
    assert "50 %" in page
    assert "acme.test" in page
    assert "1 of 2 answers" in page, "the picture has a table"
    assert "No brand is named as your own" not in page


def test_filters_stand_in_the_address_and_what_is_not_offered_is_ignored(owner: Client, project: Project, topic: PromptTopic) -> None:
    answer("Acme.", project=project, topic=topic)
    answer("Globex.", project=project, platform="anthropic")
    shown = owner.get(f"/voice/?topic={topic.pk}&platform=openai&days=7").context
    assert (shown["found"].whole.answers, shown["window"], shown["wanted"].platform) == (1, 7, "openai")
    assert shown["windows"][2][1] == f"?days=90&topic={topic.pk}&platform=openai"
    assert owner.get("/voice/?topic=x&platform=y&days=8&demo=z").context["found"].whole.answers == 2
    assert "No answer is of this topic and platform" in owner.get(f"/voice/?topic={topic.pk}&platform=anthropic").content.decode()


def test_demo_answers_are_labelled_and_by_themselves(owner: Client, project: Project) -> None:
    answer("Acme.", project=project, platform="demo")
    only = owner.get("/voice/")
    assert "tag-demo" in only.content.decode()
    answer("Globex.", project=project)
    both = owner.get("/voice/")
    assert "tag-demo" not in both.content.decode()
    assert "1 answer of demo models is left out" in both.content.decode()
    assert both.context["found"].whole.named == 0
    asked = owner.get(both.wsgi_request.path + both.context["other_kind"])
    assert asked.context["found"].whole.named == 1
    assert "tag-demo" in asked.content.decode()


def test_a_stranger_sees_nothing_of_it(stranger: Client, project: Project) -> None:
    answer("Acme.", project=project)
    assert stranger.get("/voice/").context["found"].whole.answers == 0


def test_names_are_text(owner: Client, project: Project) -> None:
    topic = services.topic_create(project=project, name=f"T {HOSTILE}")
    own = {"id": "00000000-0000-0000-0000-000000000009", "name": f"A {HOSTILE}", "aliases": [], "domain": "", "is_own": True}
    answer(f"A {HOSTILE}", project=project, topic=topic, platform=f"p{HOSTILE}", brands=[own])
    page = owner.get("/voice/").content.decode()
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;") >= 4


def test_it_asks_as_often_whatever_there_is(owner: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        topic = services.topic_create(project=project, name=f"T{number}")
        answer("Acme and Globex. https://a.example/", project=project, topic=topic, days_ago=number, platform=f"p{number}")
    with django_assert_max_num_queries(13):
        assert owner.get("/voice/").status_code == 200
