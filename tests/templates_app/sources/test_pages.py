"""Pages of sources and operations: editors write, viewers read, strangers find nothing."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition
from templates_app.sources import importing, profiles, services
from tests.support.document_server import document_server
from tests.templates_app.openapi.documents import ORDERS, PET_SHOP, of


@pytest.fixture
def source(project: Project) -> ApiSource:
    made = services.source_create(project=project, source_type="rest_api", label="Pets")
    importing.source_import(project=project, source_id=made.pk, text=PET_SHOP)
    made.refresh_from_db()
    return made


@pytest.fixture
def library(project: Project) -> ApiSource:
    made = services.source_create(project=project, source_type="sdk", label="Client")
    services.operation_create(project=project, source_id=made.pk, path="pets.list", summary="List pets")
    return made


@pytest.fixture
def profile(project: Project) -> EnvProfile:
    return profiles.env_profile_create(project=project, name="Staging", variables={"API_KEY": "1", "OTHER": "2"})


def test_an_empty_list_teaches(editor: Client, viewer: Client) -> None:
    assert "Add a REST API" in editor.get("/sources/").text
    assert "/sources/new/" not in viewer.get("/sources/").text


def test_a_source_goes_from_its_name_to_its_operations(editor: Client, project: Project) -> None:
    made = editor.post("/sources/new/?kind=rest_api", {"label": "Pets", "api_base_url": "", "docs_url": "", "default_env_profile": ""})
    found = ApiSource.objects.get(project=project)
    assert made["Location"] == f"/sources/{found.pk}/import/"
    taken = editor.post(made["Location"], {"text": PET_SHOP, "url": ""}, follow=True)
    assert "5 operations taken: 5 new, 0 changed, 0 gone. 1 skipped: see why below." in taken.text
    assert "Its body is multipart/form-data" in taken.text
    assert "/pets/{petId}" in taken.text


def test_a_document_may_be_a_file_or_at_an_address(editor: Client, source: ApiSource) -> None:
    file = SimpleUploadedFile("openapi.yaml", PET_SHOP.replace("List pets", "From a file").encode())
    assert "From a file" in editor.post(f"/sources/{source.pk}/import/", {"file": file}, follow=True).text
    with document_server(PET_SHOP.replace("List pets", "From afar").encode(), "text/yaml") as address:
        assert "From afar" in editor.post(f"/sources/{source.pk}/import/", {"url": address}, follow=True).text
    source.refresh_from_db()
    assert source.document_url == address
    assert address in editor.get(f"/sources/{source.pk}/import/").text
    pasted = {"url": address, "text": PET_SHOP.replace("List pets", "Pasted beside it")}
    assert "Pasted beside it" in editor.post(f"/sources/{source.pk}/import/", pasted, follow=True).text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Give an address, a file, or its text."),
        ({"text": "a", "url": "http://a.example"}, "Give one of the three."),
        ({"text": "swagger: '2.0'"}, "this is a Swagger 2.0 document"),
        ({"text": "{"}, "It is not JSON"),
        ({"url": "http://169.254.169.254/latest"}, "169.254.169.254"),
        ({"file": SimpleUploadedFile("a.yaml", b"\xff\xfe")}, "no UTF-8 text"),
    ],
)
def test_a_document_that_cannot_be_taken_is_told_why(editor: Client, source: ApiSource, sent: Any, said: str) -> None:
    response = editor.post(f"/sources/{source.pk}/import/", sent)
    assert response.status_code == 400
    assert said in response.text
    assert source.operations.filter(is_active=True).count() == 5


def test_a_form_keeps_what_was_typed(editor: Client, source: ApiSource) -> None:
    response = editor.post(
        f"/sources/{source.pk}/edit/", {"label": "New name", "api_base_url": "ftp://x", "docs_url": "", "default_env_profile": ""}
    )
    assert response.status_code == 400
    assert "New name" in response.text
    assert "Must be an address such as" in response.text
    assert (
        editor.post(
            "/sources/new/?kind=sdk", {"label": "Pets", "docs": "d", "command": "", "docs_url": "", "default_env_profile": ""}
        ).status_code
        == 400
    )


def test_operations_are_filtered_by_words_and_category(editor: Client, source: ApiSource) -> None:
    def shown(query: str) -> list[str]:
        return [str(each) for each in editor.get(f"/sources/{source.pk}/?{query}").context["operations"]]

    assert shown("q=post+login") == ["POST /login"]
    assert shown("category=pets") == ["GET /pets", "POST /pets"]
    assert shown("q=nothing+like+it") == []
    assert "0 operations match" in editor.get(f"/sources/{source.pk}/?q=nothing").text


def test_what_is_gone_is_told(editor: Client, source: ApiSource, project: Project) -> None:
    importing.source_import(project=project, source_id=source.pk, text=PET_SHOP.replace("/login:", "/sign-in:"))
    assert "No longer in the document" in editor.get(f"/sources/{source.pk}/").text


def test_only_what_was_shown_is_selected_anew(editor: Client, source: ApiSource) -> None:
    rows = list(source.operations.all())
    rows[4].is_selected = False
    rows[4].save()
    shown = [str(each.pk) for each in rows[:2]]
    response = editor.post(f"/sources/{source.pk}/select", {"shown": shown, "operation": [shown[1], "junk"], "q": "pets"})
    assert response["Location"] == f"/sources/{source.pk}/?q=pets"
    assert [each.is_selected for each in source.operations.all()] == [False, True, True, True, False]


def test_a_large_source_has_pages_in_as_many_queries(
    editor: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = services.source_create(project=project, source_type="rest_api", label="Large")

    def queries(count: int) -> int:
        paths = {f"/things/{n:04}": {"get": {"responses": {}, "tags": [f"t{n % 7}"]}} for n in range(count)}
        importing.source_import(project=project, source_id=made.pk, text=json.dumps({**of(True), "paths": paths}))
        with django_assert_num_queries(10) as seen:
            assert editor.get(f"/sources/{made.pk}/").status_code == 200
        return len(seen)

    assert queries(3) == queries(250)
    second = editor.get(f"/sources/{made.pk}/?from=100").text
    assert "/things/0100" in second
    assert "/things/0099" not in second
    assert "from=200" in second
    assert "/things/0249" in editor.get(f"/sources/{made.pk}/?from=9999").text


def test_the_list_asks_as_often_for_many_as_for_one(
    editor: Client, source: ApiSource, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def queries() -> int:
        with django_assert_num_queries(4) as seen:
            editor.get("/sources/")
        return len(seen)

    before = queries()
    for number in range(5):
        services.source_create(project=project, source_type="cli", label=f"Tool {number}")
    assert queries() == before


def test_an_operation_shows_what_a_model_is_told(editor: Client, source: ApiSource) -> None:
    page = editor.get(f"/sources/operations/{source.operations.get(operation_key='listPets').pk}/").text
    assert "Write one HTTP request that does this:\nList pets" in page
    assert "&quot;maximum&quot;: 100" in page
    importing.source_import(project=source.project, source_id=source.pk, text=json.dumps(ORDERS))
    assert editor.get(f"/sources/operations/{source.operations.get(path='/tree').pk}/").status_code == 200


def test_an_eval_is_edited(editor: Client, source: ApiSource, profile: EnvProfile) -> None:
    row = source.operations.first()
    assert row
    found = EvalDefinition.objects.get(operation=row)
    sent = {
        "custom_prompt": "List the ten newest pets.",
        "expected_behavior": "Sorted.",
        "docs_mode": "exclude",
        "env_profile_ids": [profile.key],
        "model_ids": "gpt-x\n\nclaude-y",
        "run_context": '{"account": "demo"}',
        "pass_score": "80",
    }
    assert editor.post(f"/sources/evals/{found.pk}/", sent)["Location"] == f"/sources/operations/{row.pk}/"
    found.refresh_from_db()
    assert (found.custom_prompt, found.docs_mode, found.include_env_vars, found.enabled) == (
        "List the ten newest pets.",
        "exclude",
        False,
        False,
    )
    assert (found.env_profile_keys, found.model_ids, found.run_context, found.pass_score) == (
        ["staging"],
        ["gpt-x", "claude-y"],
        {"account": "demo"},
        80,
    )
    page = editor.get(f"/sources/operations/{row.pk}/").text
    assert "List the ten newest pets." in page
    assert "GET /pets\n" not in page
    for wrong in ({"run_context": "[1]"}, {"run_context": "{"}, {"pass_score": "101"}, {"docs_mode": "x"}, {"env_profile_ids": ["none"]}):
        assert editor.post(f"/sources/evals/{found.pk}/", {**sent, **wrong}).status_code == 400


def test_an_operation_by_hand_is_made_changed_and_deleted(editor: Client, library: ApiSource) -> None:
    response = editor.post(f"/sources/{library.pk}/operations/new/", {"path": "pets.add", "summary": "Add", "another": "1"})
    assert response["Location"] == f"/sources/{library.pk}/operations/new/"
    row = library.operations.get(path="pets.add")
    assert editor.post(f"/sources/{library.pk}/operations/new/", {"path": "pets.add"}).status_code == 400
    editor.post(f"/sources/operations/{row.pk}/edit/", {"path": "pets.create", "summary": "Create"})
    row.refresh_from_db()
    assert (row.path, row.summary) == ("pets.create", "Create")
    assert editor.post(f"/sources/operations/{row.pk}/delete")["Location"] == f"/sources/{library.pk}/"
    assert not ApiOperation.objects.filter(pk=row.pk)


def test_operations_of_a_document_have_no_form_and_those_by_hand_no_document(editor: Client, source: ApiSource, library: ApiSource) -> None:
    row = source.operations.first()
    assert row
    for address in (f"/sources/{source.pk}/operations/new/", f"/sources/operations/{row.pk}/edit/"):
        assert "come from its document" in editor.get(address, follow=True).text
    assert "come from its document" in editor.post(f"/sources/operations/{row.pk}/delete", follow=True).text
    assert "are entered by hand" in editor.post(f"/sources/{library.pk}/import/", {"text": PET_SHOP}, follow=True).text
    assert (source.operations.count(), library.operations.count()) == (5, 1)


def test_a_source_is_deleted_with_all_of_it(editor: Client, source: ApiSource) -> None:
    editor.post(f"/sources/{source.pk}/delete")
    assert not ApiSource.objects.exists()
    assert not EvalDefinition.objects.exists()


def test_a_viewer_reads_and_is_shown_no_way_to_write(viewer: Client, source: ApiSource, library: ApiSource, profile: EnvProfile) -> None:
    row, hand = source.operations.first(), library.operations.first()
    assert row
    assert hand
    for page in (f"/sources/{source.pk}/", f"/sources/{library.pk}/", f"/sources/operations/{row.pk}/", f"/sources/operations/{hand.pk}/"):
        text = viewer.get(page).text
        assert text.count('method="post"') == 1  # signing out
        assert not [way for way in ("/edit/", "/import/", "/new/", "/evals/") if way in text]
    definition = EvalDefinition.objects.get(operation=row)
    for page in (
        "/sources/new/",
        f"/sources/{source.pk}/edit/",
        f"/sources/{source.pk}/import/",
        f"/sources/evals/{definition.pk}/",
        "/environments/new/",
    ):
        assert viewer.get(page).status_code == 403
    assert viewer.post(f"/environments/{profile.pk}/", {}).status_code == 403


def test_a_stranger_finds_nothing(stranger: Client, source: ApiSource, profile: EnvProfile) -> None:
    for page in (f"/sources/{source.pk}/", f"/environments/{profile.pk}/"):
        assert stranger.get(page).status_code == 404
    assert "Pets" not in stranger.get("/sources/").text


def test_where_programs_run_without_a_sandbox_only_owners_say_how(owner: Client, editor: Client, library: ApiSource, settings: Any) -> None:
    """Such a command is run by the worker's machine as it stands there."""
    form = {"label": "Client", "docs_url": "", "docs": "", "default_env_profile": ""}
    settings.ALLOW_UNSANDBOXED = True
    for client, command in ((editor, ""), (owner, "python3 -I {file}"), (editor, "python3 -I {file}")):
        assert client.post(f"/sources/{library.pk}/edit/", {**form, "command": "python3 -I {file}"}).status_code == 302
        library.refresh_from_db()
        assert library.command == command
    assert editor.post("/sources/new/?kind=cli", {**form, "label": "Tool", "command": "sh -c 'id; cat {file}'"}).status_code == 302
    assert ApiSource.objects.get(label="Tool").command == ""
    settings.ALLOW_UNSANDBOXED = False
    editor.post(f"/sources/{library.pk}/edit/", {**form, "command": "python3 {file}"})
    library.refresh_from_db()
    assert library.command == "python3 {file}"


def test_the_form_of_a_tool_says_how_its_programs_are_run_where_it_names_nothing(editor: Client) -> None:
    assert "sh -e {file} for a tool" in editor.get("/sources/new/?kind=cli").content.decode()
