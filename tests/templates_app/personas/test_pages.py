"""The persona library: list, form, duplicate, delete, files; editors write, viewers read, strangers find nothing."""

import json
import uuid
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from agents.seed_data import DEMO_PERSONA
from agents.shapes import plain
from evalhub.accounts.models import Project, Role
from runs.engine.prompts import user_prompt
from templates_app.models import Persona
from tests import factories
from tests.runs.web.conftest import owner, project, signed_in, stranger, teammate

__all__ = ["owner", "project", "stranger", "teammate"]
pytestmark = pytest.mark.django_db
LIST, NEW, IMPORT = "/personas/", "/personas/new/", "/personas/import/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def editor(project: Project) -> Client:
    return signed_in(factories.user(project=project, role=Role.EDITOR))


@pytest.fixture
def jonas(project: Project) -> Persona:
    return Persona.objects.create(project=project, **plain(DEMO_PERSONA))


def path(persona: Persona, action: str = "") -> str:
    return f"/personas/{persona.pk}/{action}"


def typed(**given: Any) -> dict[str, Any]:
    return {"name": "Pia", "goal": "A refund", "facts_text": ["Has a dog", ""], "behaviours_text": [""], "patience": "3"} | given


def test_an_empty_library_teaches(owner: Client, teammate: Client) -> None:
    assert "Write the first persona" in owner.get(LIST).content.decode()
    assert NEW not in teammate.get(LIST).content.decode()


def test_an_editor_writes_a_persona(editor: Client, project: Project) -> None:
    answer = editor.post(NEW, typed())
    made = Persona.objects.get(project=project)
    assert answer.url == path(made)
    assert (made.goal, made.facts, made.behaviours, made.patience) == ("A refund", ["Has a dog"], [], 3)


def test_saving_an_unchanged_persona_changes_nothing(editor: Client, jonas: Persona) -> None:
    form = editor.get(path(jonas)).context["form"]
    sent = {name: form[name].value() for name in ("name", "description", "style", "goal", "patience")}
    rows = {f"{name}_text": [row["text"] for row in form[name].value()] for name in ("facts", "behaviours")}
    editor.post(path(jonas), sent | rows)
    jonas.refresh_from_db()
    assert {key: getattr(jonas, key) for key in DEMO_PERSONA} == plain(DEMO_PERSONA)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"description": "x" * 20_001}, "description"),
        ({"facts_text": ["x"] * 101}, "facts"),
        ({"behaviours_text": ["x" * 2001]}, "behaviours"),
        ({"patience": "0"}, "patience"),
        ({"patience": "soon"}, "patience"),
        ({"patience": "501"}, "patience"),
        ({"name": "Jonas"}, "name"),
    ],
)
def test_whatever_cannot_be_saved_is_said_beside_its_field(editor: Client, jonas: Persona, sent: dict[str, Any], field: str) -> None:
    answer = editor.post(NEW, typed(style="Short & <dry>", **sent))
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert escape("Short & <dry>") in answer.content.decode()
    assert list(Persona.objects.all()) == [jonas]


def test_rows_come_and_go_without_a_script(editor: Client) -> None:
    answer = editor.post(NEW, typed(rows="add:behaviours"))
    assert [row["text"] for row in answer.context["form"]["behaviours"].value()] == ["", ""]
    answer = editor.post(NEW, typed(rows="remove:facts:0"))
    assert [row["text"] for row in answer.context["form"]["facts"].value()] == [""]
    assert not Persona.objects.exists()


def test_a_viewer_reads_and_writes_nothing(teammate: Client, jonas: Persona) -> None:
    shown = teammate.get(path(jonas)).content.decode()
    assert "hazelnuts" in shown
    assert "<textarea" not in shown
    for address in (path(jonas), path(jonas, "delete/"), path(jonas, "duplicate/"), NEW, IMPORT):
        assert teammate.post(address, typed()).status_code == 403
    assert list(Persona.objects.all()) == [jonas]


def test_for_a_stranger_a_persona_does_not_exist(stranger: Client, jonas: Persona) -> None:
    for address in (path(jonas), path(jonas, "file.yaml"), f"/personas/{uuid.uuid4()}/"):
        assert stranger.get(address).status_code == 404
    for address in (path(jonas), path(jonas, "delete/"), path(jonas, "duplicate/")):
        assert stranger.post(address, typed()).status_code == 404
    assert "hazelnuts" not in stranger.get(LIST).content.decode()


def test_a_persona_is_duplicated_and_deleted(editor: Client, jonas: Persona) -> None:
    editor.post(path(jonas, "duplicate/"))
    editor.post(path(jonas, "duplicate/"))
    names = set(Persona.objects.values_list("name", flat=True))
    assert names == {"Jonas", "Jonas (copy)", "Jonas (copy) 2"}
    editor.post(path(jonas, "delete/"))
    assert not Persona.objects.filter(name="Jonas").exists()


def test_the_list_costs_the_same_however_long_it_is(
    owner: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(35):
        Persona.objects.create(project=project, name=f"Persona {number}", description=HOSTILE)
    with django_assert_num_queries(4):
        first = owner.get(LIST)
    assert len(first.context["personas"]) == 30
    rest = owner.get(first.context["more_href"], headers={"HX-Request": "true"})
    assert len(rest.context["personas"]) == 5
    assert "<html" not in rest.content.decode()
    assert HOSTILE not in first.content.decode()
    assert len(owner.get(LIST, {"q": "persona 3"}).context["personas"]) == 6


@pytest.mark.parametrize("query", ["?after=nonsense", "?q=%00"])
def test_odd_addresses_of_the_list_are_no_server_error(owner: Client, query: str) -> None:
    assert owner.get(LIST + query).status_code in {200, 400}


def test_the_preview_is_the_engines_own_prompt(editor: Client) -> None:
    sent = typed(description="Likes <i>order</i>")
    shown = editor.post("/personas/preview/", sent, headers={"HX-Request": "true"}).content.decode()
    persona = {"name": "Pia", "description": "Likes <i>order</i>", "goal": "A refund", "facts": ["Has a dog"], "patience": 3}
    head, _, _ = user_prompt(persona, timezone.now(), ()).partition("It is now")
    assert escape(head) in shown
    assert "<html" in editor.post("/personas/preview/", sent).content.decode()
    assert not Persona.objects.exists()


@pytest.mark.parametrize(("kind", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_an_exported_file_can_be_imported_again(editor: Client, jonas: Persona, kind: str, read: Any) -> None:
    answer = editor.get(path(jonas, f"file.{kind}"))
    assert answer["Content-Disposition"] == f'attachment; filename="jonas.{kind}"'
    assert read(answer.content) == plain(DEMO_PERSONA)
    editor.post(IMPORT, {"file": SimpleUploadedFile(f"jonas.{kind}", answer.content)})
    copy = Persona.objects.get(name="Jonas 2")
    assert copy.facts == jonas.facts


def test_a_list_of_personas_is_imported_whole_or_not_at_all(editor: Client) -> None:
    good = "- {name: A, facts: [x]}\n- {name: A}\n"
    assert editor.post(IMPORT, {"text": good}).url == LIST
    assert set(Persona.objects.values_list("name", flat=True)) == {"A", "A 2"}
    assert editor.post(IMPORT, {"text": f"{good}- {{name: ''}}\n"}).status_code == 400
    assert Persona.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Choose a file, or paste its text."),
        ("name: [", "Line 1"),
        ("just words", "a persona is an object with at least a name"),
        ("[]", "1 to 200 personas"),
        ("name: A\nage: 3", "age is not known"),
        ("name: A\nfacts: one", "facts must be a list of texts, not a text"),
        ("name: A\nfacts: [1]", "facts[0] must be a text, not a number"),
        ("name: A\npatience: many", "patience must be a whole number"),
        ("name: A\npatience: true", "patience must be a whole number"),
        (f"name: {'x' * 201}", "at most 200"),
        ("a: &a [x]\nb: *a", "YAML aliases"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("- name: A\n- 3", "persona 2: "),
        ("[" * 5000, "neither JSON nor YAML"),
        ('{"name": "A\\u0000"}', "null character"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(editor: Client, text: str, words: str) -> None:
    answer = editor.post(IMPORT, {"text": text})
    assert answer.status_code == 400
    assert words in " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)
    assert not Persona.objects.exists()


def test_a_file_that_is_no_text_is_refused(editor: Client) -> None:
    answer = editor.post(IMPORT, {"file": SimpleUploadedFile("x.yaml", b"\xff\xfe\x00")})
    assert "no UTF-8 text" in str(answer.context["form"].errors["file"])
