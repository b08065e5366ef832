"""An answer with the brands it names marked and the pages it cites linked, whatever it says."""

from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from runs.web.outcomes_prompts import LONGEST_SHOWN, PromptOutcome, outcome, prompt_outcome
from templates_app.models import SourceType
from tests import factories
from tests.support.answers import answer

HOSTILE = "<script>alert(1)</script>"


class Read(HTMLParser):
    """The elements of a page, its links and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[dict[str, str | None]] = []
        self.marked: list[str] = []
        self.text = ""
        self._in_mark = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in_mark = tag == "mark"
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._in_mark = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_mark:
            self.marked.append(data)


def drawn(found: PromptOutcome) -> Read:
    return Read(render_to_string("runs/_prompt_outcome.html", {"outcome_prompts": found}))


@pytest.mark.django_db
def test_names_are_marked_ranked_and_pages_linked(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    said = f"Use Acme Cloud & Acme, {HOSTILE} not <b>others</b>. See https://acme.test/?a=1&b=2 and http://news.example/x."
    trial = answer(said, project=factories.project())
    with django_assert_num_queries(2):
        found = prompt_outcome(trial)
    assert found is not None
    page = drawn(found)
    assert page.marked == ["Acme Cloud", "Acme"]
    assert said in page.text
    assert [(one.rank, one.brand, one.count) for one in found.named] == [(1, "Acme", 2)]
    assert found.unnamed == ["Globex"]
    assert [link["href"] for link in page.links] == ["https://acme.test/?a=1&b=2", "http://news.example/x"]
    assert {link["rel"] for link in page.links} == {"noopener noreferrer nofollow"}
    assert not page.tags & {"script", "img"}


@pytest.mark.django_db
def test_other_kinds_and_unanswered_prompts_have_none() -> None:
    trial = answer("Acme.", project=factories.project())
    trial.run.messages.all().delete()
    assert prompt_outcome(trial) is None
    trial.source_type = SourceType.CUSTOM_EVALS
    assert prompt_outcome(trial) is None


@pytest.mark.django_db
def test_an_answer_whose_batch_was_deleted_is_still_shown() -> None:
    trial = answer("Acme.", project=factories.project())
    type(trial.batch).objects.filter(pk=trial.batch_id).delete()
    found = prompt_outcome(trial)
    assert found is not None
    assert (found.named[0].brand, found.unnamed) == ("Acme", [])


def test_an_address_that_is_none_of_the_web_is_no_link() -> None:
    cited = [{"place": 1, "url": "javascript:alert(1)", "domain": "x.example", "is_own": False}]
    page = drawn(outcome("Hm.", {"citations": cited}, []))
    assert page.links == []
    assert "javascript:alert(1)" in page.text


def test_what_is_too_long_is_cut_and_says_so() -> None:
    found = outcome("x" * (LONGEST_SHOWN + 1), {}, [])
    assert found.cut
    assert "The transcript has all of it." in drawn(found).text


SPANS = st.lists(st.tuples(st.integers(-2, 14), st.integers(-2, 14)), max_size=6)


@given(st.text(max_size=12), SPANS)
def test_whatever_places_are_kept_the_text_is_whole_and_said_once(text: str, places: list[tuple[int, int]]) -> None:
    mentions = [{"brand": "Acme", "is_own": True, "rank": 1, "count": 1, "places": [list(place) for place in places]}]
    assert "".join(piece.text for piece in outcome(text, {"mentions": mentions}, []).pieces) == text
