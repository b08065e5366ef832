"""A document taken into a source, and taken again."""

import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.models import ApiOperation, ApiSource, EvalDefinition
from templates_app.sources.importing import ImportRefused, document_fetch, source_import
from templates_app.sources.services import source_create
from tests import factories
from tests.support.document_server import document_server
from tests.templates_app.openapi.documents import ORDERS, PET_SHOP, of

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> ApiSource:
    return source_create(project=factories.project(), source_type="rest_api", label="Pets")


def take(source: ApiSource, document: Any, url: str = "") -> Any:
    text = document if isinstance(document, str) else json.dumps(document)
    report = source_import(project=source.project, source_id=source.pk, text=text, url=url)
    source.refresh_from_db()
    return report


def ids(source: ApiSource) -> dict[str, Any]:
    return {str(each): each.pk for each in source.operations.all()}


def test_it_takes_the_operations_and_gives_each_a_definition(source: ApiSource) -> None:
    report = take(source, PET_SHOP)
    assert [str(each) for each in source.operations.all()] == [
        "GET /pets",
        "POST /pets",
        "GET /pets/{petId}",
        "DELETE /pets/{petId}",
        "POST /login",
    ]
    assert {(each.eval_type, each.enabled) for each in EvalDefinition.objects.filter(operation__source=source)} == {("rest_api", True)}
    assert EvalDefinition.objects.filter(operation__source=source).count() == 5
    assert (report["imported"], report["added"], report["changed"], report["removed"], report["skipped_count"]) == (5, 5, 0, 0, 1)
    assert (source.api_base_url, source.document, source.import_report) == ("https://eu.pets.example.com/api/v3", PET_SHOP, report)
    first = source.operations.get(operation_key="listPets")
    assert (first.summary, first.category, first.snapshot["parameters"][0]["name"]) == ("List pets", "pets", "limit")


def test_a_later_import_keeps_ids_and_definitions(source: ApiSource) -> None:
    take(source, PET_SHOP)
    before, definitions = ids(source), set(EvalDefinition.objects.values_list("pk", flat=True))
    later = PET_SHOP.replace("summary: List pets", "summary: All pets").replace("/login:", "/sign-in:")
    report = take(source, later)
    assert (report["added"], report["changed"], report["removed"]) == (1, 1, 1)
    assert before.items() <= ids(source).items()
    assert definitions < set(EvalDefinition.objects.values_list("pk", flat=True))
    assert not source.operations.get(path="/login").is_active
    assert source.operations.get(operation_key="listPets").summary == "All pets"


def test_an_operation_that_comes_back_is_the_same_one(source: ApiSource) -> None:
    take(source, PET_SHOP)
    before = ids(source)
    take(source, ORDERS)
    assert source.operations.filter(is_active=True).count() == 4
    report = take(source, PET_SHOP)
    assert (report["added"], report["changed"], report["removed"]) == (0, 5, 4)
    assert before.items() <= ids(source).items()


def test_the_same_document_changes_nothing(source: ApiSource) -> None:
    take(source, PET_SHOP)
    moments = dict(source.operations.values_list("pk", "updated_at"))
    report = take(source, PET_SHOP)
    assert (report["added"], report["changed"], report["removed"]) == (0, 0, 0)
    assert dict(source.operations.values_list("pk", "updated_at")) == moments


def test_what_people_chose_stays(source: ApiSource) -> None:
    take(source, PET_SHOP)
    ApiOperation.objects.filter(source=source, path="/pets").update(is_selected=False)
    source.api_base_url = "https://mine.example"
    source.save()
    take(source, PET_SHOP.replace("summary: List pets", "summary: All pets"))
    assert source.operations.filter(is_selected=False).count() == 2
    assert source.api_base_url == "https://mine.example"


@pytest.mark.parametrize(
    ("servers", "url", "base"),
    [
        ([{"url": "/v2"}], "https://docs.example/api/openapi.json", "https://docs.example/v2"),
        ([{"url": "/v2"}], "", ""),
        ([{"url": "../v2/"}, {"url": "https://a.example/"}], "", "https://a.example"),
        ([], "https://docs.example/openapi.json", "https://docs.example"),
        ([], "", ""),
        ([{"url": "https://[broken"}], "", ""),
    ],
)
def test_the_base_address_comes_from_the_servers_and_where_the_document_was(source: ApiSource, servers: Any, url: str, base: str) -> None:
    take(source, {**of(True), "servers": servers}, url)
    assert source.api_base_url == base


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("swagger: '2.0'", "swagger: this is a Swagger 2.0 document"),
        ("openapi: 3.0.0\npaths: {}", "The document has no operations."),
        ("openapi: 3.0.0\npaths: {/a: {trace: {}}}", "None of its 1 operations can be taken. TRACE /a: 'trace' is no method"),
    ],
)
def test_a_document_of_no_use_changes_nothing(source: ApiSource, text: str, sentence: str) -> None:
    take(source, PET_SHOP)
    with pytest.raises(ImportRefused, match=sentence):
        take(source, text)
    source.refresh_from_db()
    assert source.document == PET_SHOP
    assert source.operations.filter(is_active=True).count() == 5


def test_another_project_has_no_such_source(source: ApiSource) -> None:
    with pytest.raises(ApiSource.DoesNotExist):
        source_import(project=Project.objects.create(name="other"), source_id=source.pk, text=PET_SHOP)


def test_a_large_document_is_taken_in_few_queries(source: ApiSource, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    many = {**of(True), "paths": {f"/things/{n}": {"get": {"summary": f"Thing {n}", "responses": {}}} for n in range(1000)}}
    with django_assert_max_num_queries(40):
        assert take(source, many)["added"] == 1000
    with django_assert_max_num_queries(20):
        assert take(source, many)["changed"] == 0


def test_it_fetches_a_document_from_an_address() -> None:
    with document_server(PET_SHOP.encode(), "application/yaml") as address:
        assert document_fetch(address) == PET_SHOP


def test_what_cannot_be_fetched_is_a_sentence() -> None:
    with document_server(b"\xff\xfe", "text/plain") as address, pytest.raises(ImportRefused, match="no UTF-8 text"):
        document_fetch(address)
    with pytest.raises(ImportRefused, match="http"):
        document_fetch("ftp://a.example/openapi.json")
    with pytest.raises(ImportRefused, match="169.254.169.254"):
        document_fetch("http://169.254.169.254/openapi.json")
