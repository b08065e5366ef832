"""The words of runs, as each database keeps and finds them."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalhub.accounts.models import Project
from runs import excerpts, finding, listed
from runs.finding import Wanted, find
from runs.listed.rows import Listed
from runs.listed.search import phrases
from runs.models import EvalRun
from runs.states import Status
from runs.web import listing
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def owner(project: Project) -> Client:
    return factories.signed_in(factories.owner(project=project))


def spoken(project: Project, *words: str, **columns: object) -> EvalRun:
    """A run that is over and in which this was said."""
    run = factories.run(project=project, status=Status.RUNNING, **columns)  # type: ignore[arg-type]
    for text in words:
        factories.message(run=run, role="user", content=text)
    return ended(run)


def ended(run: EvalRun) -> EvalRun:
    run.status, run.completed_at = Status.COMPLETED, run.created_at
    run.save(update_fields=["status", "completed_at"])
    return run


def found(project: Project, text: str, **more: object) -> list[uuid.UUID]:
    return [place.run_id for place in find(project=project, wanted=Wanted(text=text, **more), size=50).places]  # type: ignore[arg-type]


def test_it_finds_words_of_agent_persona_and_transcript(project: Project) -> None:
    run = spoken(project, "Lentils with a tin of tomatoes.", agent_name="Mara Weiß", user_persona={"name": "Jonas", "goal": "dinner soon"})
    for text in ("mara", "weiß", "jonas", "dinner", "lentils", "TOMATOES", "lentils jonas"):
        assert found(project, text) == [run.id], text
    for text in ("nobody", "lent", "lentils nobody", "goal"):  # whole words, all of them, and no keys
        assert found(project, text) == [], text


def test_words_in_quotes_must_stand_in_a_row(project: Project) -> None:
    run = spoken(project, "two small dogs")
    assert found(project, '"small dogs"') == [run.id]
    assert found(project, '"dogs small"') == []
    assert found(project, "dogs small") == [run.id]


def test_signs_only_part_words(project: Project) -> None:
    run = spoken(project, "See https://example.com/a_path?x=-5 (or mail me@example.org), it's well-known.")
    for text in ("example", "example.com", "a_path", "-5", "me@example.org", "it's", "well-known", "known", "(mail)"):
        assert found(project, text) == [run.id], text


def test_another_projects_words_are_not_found(project: Project) -> None:
    spoken(factories.project(), "lentils")
    assert found(project, "lentils") == []
    assert found(project, project.id.hex) == []


def test_what_is_said_is_found_once_the_run_is_over_and_again_after_it_went_on(project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING)
    factories.message(run=run, role="user", content="lentils")
    assert (found(project, "lentils"), found(project, "mara")) == ([], [run.id])
    ended(run)
    assert found(project, "lentils") == [run.id]
    EvalRun.objects.filter(pk=run.pk).update(status=Status.RUNNING, completed_at=None)
    factories.message(run=run, role="assistant", content="saffron")
    run.refresh_from_db()
    ended(run)
    assert (found(project, "saffron"), found(project, "lentils")) == ([run.id], [run.id])


def test_a_deleted_run_leaves_no_words(project: Project) -> None:
    spoken(project, "lentils").delete()
    assert found(project, "lentils") == []
    assert not Listed.objects.exists()


def test_making_the_list_anew_finds_the_same(project: Project) -> None:
    runs = [spoken(project, "lentils"), spoken(project, "lentils", score=5.0)]
    listed.remove(connection)
    listed.install()
    assert found(project, "lentils") == [run.id for run in reversed(runs)]
    listed.install()  # nothing to do
    assert found(project, "lentils", sort="best") == [runs[1].id]


@given(text=st.text(max_size=60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_searches_and_none_is_an_error(text: str) -> None:
    project = Project.objects.get_or_create(name="any")[0]
    for sort in ("newest", "best"):
        assert found(project, text, sort=sort) == []


@pytest.mark.parametrize(
    "text", ['"', '""', "NEAR(a b)", "a AND", "OR", "NOT x", "*", "a*", "col:x", "^x", "{a}", "(((", "-", "'; DROP TABLE x --", "\\"]
)
def test_operators_are_words(owner: Client, project: Project, text: str) -> None:
    spoken(project, "nothing of the kind")
    assert owner.get("/runs/", {"q": text}).status_code == 200
    assert found(project, text) == []


def test_phrases_are_words_and_quoted_words() -> None:
    assert phrases('two "small dogs" a-b "" ! "x') == ["two", "small dogs", "a b", "x"]
    assert len(phrases("x " * 50)) == 12


def test_a_search_goes_on_page_after_page(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    runs = [spoken(project, "lentils") for _ in range(5)]
    seen, address = [], "/runs/?q=lentils"
    while address:
        page = owner.get(address).context["page"]
        seen += [run.id for run in page.runs]
        address = page.more_href
    assert seen == [run.id for run in reversed(runs)]


def test_filters_are_asked_of_some_matches_at_a_time(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "LOOK_AT", 3)
    rare = spoken(project, "lentils", score=99.0)
    for _ in range(7):
        spoken(project, "lentils", score=1.0)
    response = owner.get("/runs/?q=lentils&score_min=50")
    while response.context["page"].more_href and not response.context["page"].runs:
        assert "Look further" in response.text
        response = owner.get(response.context["page"].more_href)
    assert [run.id for run in response.context["page"].runs] == [rare.id]
    assert "newest are sorted" in owner.get("/runs/?q=lentils&sort=best").text


def test_the_page_marks_what_was_found_and_escapes_the_rest(owner: Client, project: Project) -> None:
    spoken(project, "Hello.", "I say <b>two</b> DOGS & <script>alert(1)</script> to all who hear of it.")
    page = owner.get("/runs/?q=dogs+script").text
    assert "&lt;b&gt;two&lt;/b&gt; <mark>DOGS</mark> &amp; &lt;<mark>script</mark>&gt;" in page
    assert "<b>Message 1</b>" in page


@pytest.mark.parametrize("text", ["<mark>", '"><img src=x>', "&lt;"])
def test_what_was_searched_for_is_no_markup(owner: Client, project: Project, text: str) -> None:
    spoken(project, f"so {text} it is, with lt and mark and img src x")
    assert text not in owner.get("/runs/", {"q": text}).text.replace("<mark>mark</mark>", "")


def test_a_match_of_persona_or_agent_is_said_to_be_one(owner: Client, project: Project) -> None:
    spoken(project, "Hello.", user_persona={"name": "Jonas"}, agent_name="Mara")
    assert "<b>Persona</b> <mark>Jonas</mark>" in owner.get("/runs/?q=jonas").text
    assert "<b>Agent</b> <mark>Mara</mark>" in owner.get("/runs/?q=mara").text


def test_an_excerpt_is_cut_between_words() -> None:
    pattern = excerpts._pattern(["needle"])
    parts = excerpts.cut("straw " * 40 + "needle " + "hay " * 80, pattern)
    assert [part.text for part in parts if part.marked] == ["needle"]
    assert parts[0].text == "…"
    assert parts[-1].text.endswith("…")
    assert sum(len(part.text) for part in parts) < 260
    assert excerpts.cut("nothing", pattern) == []
