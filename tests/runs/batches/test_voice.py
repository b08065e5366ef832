"""Share of voice out of stored answers: by day or week, platform, topic, brand and domain, of one project and one kind of model."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from evalhub.common.statistics import RANKS, Sums, rate_of
from runs.batches import cited
from runs.batches.voice import Found, Wanted, choice, voice
from templates_app.models import PromptTopic
from templates_app.prompts import services
from tests import factories
from tests.support.answers import answer
from tests.support.trials import ACME, RIVAL

pytestmark = pytest.mark.django_db
SECOND = {"id": "00000000-0000-0000-0000-000000000003", "name": "Acme Labs", "aliases": [], "domain": "", "is_own": True}


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def topic(project: Project) -> PromptTopic:
    return services.topic_create(project=project, name="Clouds")


def found(project: Project, days: int = 7, **given: object) -> Found:
    today = datetime.now(UTC).date()
    return voice(project=project, wanted=Wanted(today, days, **given), offered=choice(project=project, today=today, days=days))


def test_it_counts_answers_mentions_and_first_ranks(project: Project) -> None:
    answer("Globex, then Acme and Acme. https://acme.test/a https://news.example/b", project=project)
    answer("Acme. https://news.example/c https://news.example/d", project=project, platform="anthropic")
    answer("Neither.", project=project)
    got = found(project)
    assert (got.whole.answers, got.whole.share, got.whole.rate, got.whole.rank) == (3, 0.75, rate_of(2, 3), Sums(2, 3, 5).mean_on(RANKS))
    assert [(one.brand, one.is_own, one.answers, one.mentions) for one in got.rivals] == [("Acme", True, 2, 3), ("Globex", False, 1, 1)]
    assert [(one.domain, one.is_own, one.answers, one.citations) for one in got.sites.domains] == [
        ("news.example", False, 2, 3),
        ("acme.test", True, 1, 1),
    ]
    assert {name: (one.answers, one.named) for name, one in got.platforms.items()} == {"openai": (2, 1), "anthropic": (1, 1)}


def test_of_two_own_brands_in_an_answer_the_first_gives_the_rank(project: Project) -> None:
    answer("Globex, Acme Labs, Acme.", project=project, brands=(ACME, RIVAL, SECOND))
    got = found(project).whole
    assert (got.named, got.own, got.total, got.rank) == (1, 2, 3, Sums(1, 2, 4).mean_on(RANKS))


def test_only_what_was_answered_counts(project: Project) -> None:
    answer("Acme.", project=project, first_reason="behaviour_not_met", passed=False)
    answer("", project=project, first_reason="nonzero_exit", passed=False)
    answer("", project=project, first_reason="model_error")
    answer("", project=project, first_reason="cancelled")
    answer("", project=project, finished_at=None)
    answer("Acme.", project=factories.project())
    assert found(project).whole.answers == 1


def test_steps_are_days_or_weeks_that_end_today_and_empty_ones_are_there(project: Project) -> None:
    for days_ago in (0, 0, 1, 6, 7, 29, 30, 89, 90):
        answer("Acme.", project=project, days_ago=days_ago)
    today = datetime.now(UTC).date()
    by_day = found(project).steps
    assert list(by_day) == [today - timedelta(days=number) for number in range(6, -1, -1)]
    assert [one.answers for one in by_day.values()] == [1, 0, 0, 0, 0, 1, 2]
    assert sum(one.answers for one in found(project, days=30).steps.values()) == 6
    by_week = found(project, days=90).steps
    assert len(by_week) == 13
    assert list(by_week)[0] == today - timedelta(days=89)
    assert [list(by_week.values())[number].answers for number in (0, -2, -1)] == [1, 1, 4]
    assert sum(one.answers for one in by_week.values()) == 8


def test_topics_are_told_by_name_also_when_they_are_gone(project: Project, topic: PromptTopic) -> None:
    answer("Acme.", project=project, topic=topic)
    answer("Acme.", project=project, topic=topic)
    answer("Globex.", project=project)
    services.topic_rename(topic_id=topic.pk, project=project, name="Sky")
    assert [(one.name, figures.named) for one, figures in found(project).topics.items()] == [("Sky", 2), ("Gone", 0)]


def test_filters_hold_for_every_figure(project: Project, topic: PromptTopic) -> None:
    answer("Acme. https://a.example/", project=project, topic=topic)
    answer("Globex. https://b.example/", project=project, platform="anthropic")
    for given in ({"topic_id": topic.pk}, {"platform": "openai"}):
        got = found(project, **given)
        assert (got.whole.answers, got.whole.share) == (1, 1.0)
        assert [one.brand for one in got.rivals] == ["Acme"]
        assert [one.domain for one in got.sites.domains] == ["a.example"]


def test_answers_of_demo_models_are_counted_by_themselves(project: Project) -> None:
    answer("Acme.", project=project, platform="demo")
    answer("Globex.", project=project)
    offered = choice(project=project, today=datetime.now(UTC).date(), days=7)
    assert (offered.real, offered.demo, offered.platforms) == (1, 1, ["demo", "openai"])
    assert found(project).whole.named == 0
    assert found(project, demo=True).whole.named == 1


def test_a_platform_that_both_kinds_of_models_play_is_told_apart_answer_by_answer(project: Project) -> None:
    answer("Acme. https://a.example/", project=project, platform="demo", shown_as="chat")
    answer("Globex. https://b.example/", project=project, shown_as="chat")
    for demo, brand, domain in ((True, "Acme", "a.example"), (False, "Globex", "b.example")):
        got = found(project, demo=demo)
        assert (got.whole.answers, list(got.platforms)) == (1, ["chat"])
        assert [one.brand for one in got.rivals] == [brand]
        assert [one.domain for one in got.sites.domains] == [domain]


def test_of_many_citations_the_newest_are_counted_and_that_is_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    answer("https://old.example/", project=project, days_ago=3)
    answer("https://new.example/a https://new.example/b", project=project)
    assert (found(project).sites.citations, found(project).sites.is_cut) == (3, False)
    monkeypatch.setattr(cited, "MOST_CITATIONS", 2)
    cut = found(project).sites
    assert ([(one.domain, one.answers, one.citations) for one in cut.domains], cut.is_cut) == ([("new.example", 1, 2)], True)


def test_many_answers_take_as_many_queries_as_few(project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        answer("Acme and Globex. https://a.example/", project=project, days_ago=number % 5, platform=f"p{number % 4}")
    today = datetime.now(UTC).date()
    with django_assert_num_queries(2):
        offered = choice(project=project, today=today, days=7)
    with django_assert_num_queries(3):
        assert voice(project=project, wanted=Wanted(today, 7), offered=offered).whole.answers == 12
