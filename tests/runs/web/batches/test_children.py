"""The list of a batch's children: filters, orders and exports of the same children, page by page."""

import csv
from io import StringIO

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.models import Batch
from runs.states import Status
from runs.web.batches import detail
from tests import batch_factories
from tests.runs.exports.reading import body

SCORES = (40.0, None, 90.0, 40.0, 0.0, 75.0)


def six_children(project: Project) -> Batch:
    """Three subjects by two targets: scores as above, those of 70 and more passed; the one without a score failed for want of an answer."""
    batch = batch_factories.batch(project=project, subjects=("GET /a", "GET /b", "POST /c"))
    for place, score in enumerate(SCORES):
        came = {"passed": None if score is None else score >= 70, "status": Status.FAILED if score is None else Status.COMPLETED}
        batch_factories.trial(
            batch=batch, subject=place // 2, target=place % 2, score=score, latency_ms=None if score is None else 100 * place, **came
        )
    return batch


def listed(client: Client, batch: Batch, **query: str) -> list[int]:
    """Positions, over all pages."""
    found: list[int] = []
    address = f"/batches/{batch.pk}/children/"
    page = client.get(address, query)
    while True:
        assert page.status_code == 200
        found += [child.trial.position for child in page.context["children"]]
        if not page.context["more_href"]:
            return found
        page = client.get(page.context["more_href"])


@pytest.mark.parametrize("size", [1, 2, 50])
@pytest.mark.parametrize(
    ("sort", "positions"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("best", [2, 5, 3, 0, 4]),
        ("worst", [4, 0, 3, 5, 2]),
        ("slowest", [5, 4, 3, 2, 0]),
        ("fastest", [0, 2, 3, 4, 5]),
    ],
)
def test_every_child_that_has_a_place_comes_once_in_its_order(
    owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch, sort: str, positions: list[int], size: int
) -> None:
    monkeypatch.setattr(detail, "CHILDREN", size)
    assert listed(owner, six_children(project), sort=sort) == positions


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ({"result": "passed"}, [2, 5]),
        ({"result": "failed"}, [0, 3, 4]),
        ({"result": "error"}, [1]),
        ({"result": "running"}, []),
        ({"score_min": "40", "score_max": "80"}, [0, 3, 5]),
        ({"score_max": "0"}, [4]),
        ({"q": "get", "target": "0"}, [0, 2]),
        ({"result": "failed", "sort": "best", "target": "1"}, [3]),
    ],
)
def test_filters_leave_the_children_that_have_what_is_asked_for(
    owner: Client, project: Project, query: dict[str, str], positions: list[int]
) -> None:
    batch = six_children(project)
    assert listed(owner, batch, **query) == positions
    text = body(owner.get(f"/batches/{batch.pk}/export.csv", query)).removeprefix("\ufeff")
    exported = [int(row["position"]) for row in csv.DictReader(StringIO(text))]
    assert exported == sorted(positions)


def test_the_page_leads_to_exports_of_what_it_shows(owner: Client, project: Project) -> None:
    batch = six_children(project)
    page = owner.get(f"/batches/{batch.pk}/children/?result=passed").text
    assert f'href="/batches/{batch.pk}/export.csv?result=passed"' in page
    assert "CSV of these" in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"result": "great"}, "There is no such result."),
        ({"sort": "oddest"}, "Children are not sorted like that."),
        ({"score_min": "many"}, "Enter a number."),
        ({"score_min": "101"}, "Ensure this value is less than or equal to 100."),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(owner: Client, project: Project, query: dict[str, str], sentence: str) -> None:
    page = owner.get(f"/batches/{six_children(project).pk}/children/", query)
    assert sentence in page.text
    assert len(page.context["children"]) == 6


@pytest.mark.parametrize("after", ["x", "nan~1", "1~-1", "inf~1", "1~" + "9" * 5000, "1"])
def test_a_place_that_cannot_be_read_is_refused(owner: Client, project: Project, after: str) -> None:
    assert owner.get(f"/batches/{six_children(project).pk}/children/", {"sort": "best", "after": after}).status_code == 400


def test_the_number_of_queries_does_not_grow_with_the_order(
    owner: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    batch = six_children(project)
    with django_assert_max_num_queries(10) as plain:
        owner.get(f"/batches/{batch.pk}/children/")
    with django_assert_max_num_queries(10) as by_score:
        owner.get(f"/batches/{batch.pk}/children/", {"sort": "best", "result": "failed"})
    assert len(plain.captured_queries) == len(by_score.captured_queries)
