"""Templates as files: out and in again exactly, the older shapes, and everything that must not be read."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.accounts.models import Project
from templates_app.interchange import MOST_CHARACTERS, ORDER, Unreadable, as_data, as_json, as_yaml, read
from templates_app.models import EvalTemplate
from templates_app.services import system_templates_ensure, template_create
from templates_app.snapshot import content
from templates_app.system import CategoryData
from tests import factories
from tests.templates_app.conftest import Sent

IMPORT = "/templates/import/"
PLAIN = "name: Support\ncategories:\n  - label: Solved\n    prompt_instructions: Did it help?\n"
ANY = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\x85\u2028")
TEXT = st.text(ANY, max_size=60).map(str.strip)  # as forms and the API store them


def refused(text: str) -> str:
    with pytest.raises(Unreadable) as caught:
        read(text)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize("write", [as_yaml, as_json])
def test_the_system_templates_come_back_exactly(db: None, write: object) -> None:
    system_templates_ensure()
    for template in EvalTemplate.objects.all():
        assert read(write(as_data(template))) == content(template)  # type: ignore[operator]


@settings(max_examples=150, deadline=None)
@given(rubric=TEXT, instructions=TEXT, weight=st.floats(min_value=0.001, max_value=1000), temperature=st.floats(min_value=0, max_value=2))
def test_any_text_and_number_comes_back_exactly(rubric: str, instructions: str, weight: float, temperature: float) -> None:
    category = {"key": "a-b_1", "label": "123", "weight": weight, "prompt_instructions": instructions}
    data = {
        "evalhub_template": 1,
        "name": "null",
        "description": rubric,
        "template_type": "quality",
        "judge_model": "",
        "temperature": temperature,
        "max_tokens": 5,
        "judge_samples": 2,
        "scoring_rubric": rubric,
        "categories": [category],
    }
    expected = {key: data[key] for key in ORDER}
    assert read(as_yaml(data)) == expected
    assert read(as_json(data)) == expected


def test_a_file_says_many_lines_as_people_write_them(project: Project) -> None:
    template = template_create(project=project, name="T", scoring_rubric="One.\nTwo.", categories=[CategoryData("a", "A", "")])
    assert "scoring_rubric: |-\n  One.\n  Two.\n" in as_yaml(as_data(template))


def test_the_older_shapes_of_a_category_are_read() -> None:
    shapes = "[{name: Old, weight: 2, criteria: Look.}, Only a name, {key: k, prompt_instructions: [One., Two.]}]"
    found = read(f"name: T\ncategories: {shapes}\n")["categories"]
    assert [(item["key"], item["label"], item["prompt_instructions"], item["weight"]) for item in found] == [
        ("old", "Old", "Look.", 2.0),
        ("only-a-name", "Only a name", "", 1.0),
        ("k", "k", "One.\nTwo.", 1.0),
    ]


def test_what_the_api_answers_is_read() -> None:
    answer = {
        "template_id": "x",
        "tenant_id": "y",
        "is_system": False,
        "created_at": "z",
        "updated_at": "z",
        "name": "T",
        "categories": ["A"],
    }
    assert read(json.dumps(answer))["name"] == "T"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: T\nscoring_rubrik: x\n", "Line 2: `scoring_rubrik` is no field of a template. Did you mean `scoring_rubric`?"),
        ("name: T\ntemperature: 9\n", "Line 2: temperature:"),
        ("name: T\ncategories:\n  - label: A\n    weight: heavy\n", "Line 4: categories.1.weight:"),
        ("name: T\ncategories:\n  - labl: A\n    label: B\n", "Line 3: `labl` is no field of a category."),
        ("name: T\nname: U\n", "Line 2: `name` is said a second time."),
        ("name: T\ncategories:\n  - {label: A, key: k}\n  - {label: B, key: k}\n", "Line 4: categories.2.key:"),
        ("description: x\n", "name:"),
        ("name: [\n", "this is not YAML"),
        ('{"name": "T",}x', "Line 1: this is not JSON"),
        ("- a\n- b\n", "A template is a list of fields"),
        ("just words", "A template is a list of fields"),
        ("name: 5\n", "Line 1: name:"),
        ("name: !!python/object/apply:os.system [ls]\n", "Tags"),
        ("a: &a [x, x]\nb: [*a, *a]\n", "Anchors (&) and aliases (*) are not read"),
        ("a: " + "[" * 2000, "nested too deep"),
        ('{"a": ' + "[" * 200_000, "nested too deep"),
        ("a:\n" + "- x\n" * 30_000, "too many parts"),
        ("x" * (MOST_CHARACTERS + 1), "characters"),
        ("name: 2024-13-45\n", "quotes"),
        ("name: a\x00b\n", "character"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text: str, said: str) -> None:
    assert said in refused(text)


def test_a_bomb_is_refused_before_it_grows() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "Anchors" in refused("\n".join(levels))


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_template_is_exported_and_imported_by_people(editor: Client, project: Project, form: str) -> None:
    mine = factories.template(project=project, name="Tone & “care”")
    answer = editor.get(reverse(f"template-export-{form}", args=[mine.id]))
    assert answer["Content-Disposition"] == f'attachment; filename="tone-care.{form}"'
    shown = editor.post(IMPORT, {"file": SimpleUploadedFile(f"t.{form}", answer.content)})
    assert shown.context["editor"].form["name"].value() == mine.name
    assert "data-draft-unsaved" in shown.content.decode()
    assert EvalTemplate.objects.filter(project=project).count() == 1  # nothing before it is saved


def test_a_pasted_text_is_looked_at_and_then_saved(editor: Client, project: Project, sent: Sent) -> None:
    shown = editor.post(IMPORT, {"text": PLAIN})
    assert [row["label"].value() for row in shown.context["editor"].rows] == ["Solved"]
    editor.post("/templates/new/", sent)
    assert EvalTemplate.objects.filter(project=project).exists()


@pytest.mark.parametrize(
    ("sending", "said"),
    [
        ({"text": ""}, "Choose a file, or paste a template."),
        ({"text": "name: T\ntemprature: 1"}, "Did you mean `temperature`?"),
        ({"file": SimpleUploadedFile("t.yaml", b"\xff\xfe\x00")}, "not text in UTF-8"),
        ({"file": SimpleUploadedFile("t.yaml", b"x" * 2_500_001)}, "larger than 2 MB"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_keeps_the_text(editor: Client, sending: dict[str, object], said: str) -> None:
    answer = editor.post(IMPORT, sending)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert str(sending.get("text", "")) in answer.content.decode()
