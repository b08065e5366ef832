"""The list and the editor of templates, as people with and without a script use them."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.models import EvalTemplate
from templates_app.services import system_templates_ensure, template_create
from templates_app.system import CategoryData
from tests import factories
from tests.templates_app.conftest import Sent

NEW = "/templates/new/"


def only(project: Project) -> EvalTemplate:
    return EvalTemplate.objects.get(project=project)


def keys(template: EvalTemplate) -> list[str]:
    return list(template.categories.values_list("key", flat=True))


def body(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def test_a_list_without_templates_says_what_it_will_hold(editor: Client) -> None:
    shown = body(editor.get("/templates/"))
    assert "No templates yet" in shown
    assert NEW in shown


def test_the_list_has_own_and_system_templates_and_no_others(editor: Client, project: Project) -> None:
    system_templates_ensure()
    factories.template(project=project, name="Ours")
    factories.template(project=factories.project(), name="Theirs")
    shown = body(editor.get("/templates/"))
    assert "Ours" in shown
    assert "Conversation quality" in shown
    assert "Theirs" not in shown


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("owner=own", "Ours", "Conversation quality"),
        ("owner=system", "Conversation quality", "Ours"),
        ("type=adaptation", "Adaptation", "Ours"),
        ("q=our", "Ours", "Conversation quality"),
        ("q=%00&type=nonsense&owner=nobody", "Ours", "No template is like that"),
    ],
)
def test_the_list_is_filtered(editor: Client, project: Project, query: str, there: str, gone: str) -> None:
    system_templates_ensure()
    factories.template(project=project, name="Ours")
    shown = body(editor.get(f"/templates/?{query}"))
    assert there in shown
    assert gone not in shown


def test_a_long_list_goes_on_where_it_stopped(editor: Client, project: Project) -> None:
    for number in range(53):
        factories.template(project=project, name=f"Rubric {number:02}", categories=())
    first = editor.get("/templates/")
    after = first.context["more"]
    second = body(editor.get(f"/templates/?after={after}"))
    assert "Rubric 02" in second
    assert "Rubric 03" not in second
    assert editor.get("/templates/?after=nonsense").status_code == 400


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_asks_a_constant_number_of_questions(
    editor: Client, project: Project, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        factories.template(project=project, name=f"Rubric {number}")
    with django_assert_max_num_queries(6):
        editor.get("/templates/")


def test_a_new_template_is_saved_with_its_categories_in_order(editor: Client, project: Project, sent: Sent) -> None:
    answer = editor.post(NEW, sent, follow=True)
    made = only(project)
    assert "Saved as version 1." in body(answer)
    assert (made.name, made.judge_samples, keys(made)) == ("Support quality", 2, ["solved", "tone"])
    assert list(made.categories.values_list("weight", flat=True)) == [3, 1]


def test_rows_that_nobody_wrote_into_are_left_out(editor: Client, project: Project, sent: Sent) -> None:
    for name, value in {"label": " ", "key": "", "prompt_instructions": "", "weight": "1"}.items():
        sent[f"category_{name}"].append(value)
    editor.post(NEW, sent)
    assert keys(only(project)) == ["solved", "tone"]


def test_line_breaks_of_browsers_are_stored_as_one_character(editor: Client, project: Project, sent: Sent) -> None:
    editor.post(NEW, {**sent, "scoring_rubric": "One.\r\nTwo."})
    assert only(project).scoring_rubric == "One.\nTwo."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "A template needs a name."),
        ({"temperature": "3"}, "less than or equal to 2"),
        ({"judge_samples": "21"}, "less than or equal to 20"),
        ({"template_type": "other"}, "not one of the available choices"),
        ({"category_label": ["", "Tone"]}, "A category needs a name."),
        ({"category_key": ["tone", "tone"]}, "used by a category before this one"),
        ({"category_key": ["a b", ""]}, "valid “slug”"),
        ({"category_weight": ["0", "0"]}, "At least one category needs a weight above 0"),
        ({"category_weight": ["nan", "1"]}, "Enter a number."),
        ({"category_label": ["", ""], "category_key": ["", ""], "category_prompt_instructions": ["", ""]}, "Add at least one category"),
        ({"category_label": ["x"] * 60}, "at most 50 categories"),
        ({"name": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(editor: Client, project: Project, sent: Sent, change: Sent, said: str) -> None:
    answer = editor.post(NEW, {**sent, **change})
    assert answer.status_code == 400
    assert said in body(answer)
    assert "Judge only what the agent said." in body(answer)
    assert "data-draft-unsaved" in body(answer)
    assert not EvalTemplate.objects.filter(project=project).exists()


@pytest.mark.parametrize(
    ("op", "labels", "said"),
    [
        ("add", ["Solved", "Tone", ""], "Category 3 added."),
        ("down:0", ["Tone", "Solved"], "“Solved” is now 2 of 2."),
        ("up:1", ["Tone", "Solved"], "“Tone” is now 1 of 2."),
        ("up:0", ["Solved", "Tone"], ""),
        ("remove:0", ["Tone"], "“Solved” removed."),
        ("remove:9", ["Solved", "Tone"], ""),
        ("nonsense", ["Solved", "Tone"], ""),
    ],
)
def test_rows_change_without_a_script(editor: Client, project: Project, sent: Sent, op: str, labels: list[str], said: str) -> None:
    answer = editor.post(NEW, {**sent, "name": "", "op": op})
    shown = [row["label"].value() for row in answer.context["editor"].rows]
    assert (answer.status_code, shown) == (200, labels)
    assert said in body(answer)
    assert "A template needs a name." not in body(answer)
    assert not EvalTemplate.objects.filter(project=project).exists()


def test_a_removed_row_comes_back_where_it_was(editor: Client, sent: Sent) -> None:
    removed = editor.post(NEW, {**sent, "op": "remove:0"}).context["after"].removed_json
    rest = {name: value[1:] if isinstance(value, list) else value for name, value in sent.items()}
    rows = editor.post(NEW, {**rest, "removed": removed, "op": "undo"}).context["editor"].rows
    assert [row["label"].value() for row in rows] == ["Solved", "Tone"]
    assert rows[0]["weight"].value() == "3"
    broken = editor.post(NEW, {**rest, "removed": "[" * 5000, "op": "undo"})
    assert broken.status_code == 200


def test_weights_are_shown_as_shares(editor: Client, project: Project, sent: Sent) -> None:
    editor.post(NEW, sent)
    shown = body(editor.get(reverse("template", args=[only(project).id])))
    assert "75 %" in shown
    assert "25 %" in shown


def test_hostile_text_stays_text(editor: Client, project: Project, sent: Sent) -> None:
    editor.post(NEW, {**sent, "name": "<script>alert(1)</script>", "category_label": ["</textarea><b>x", "y"]})
    shown = body(editor.get(reverse("template", args=[only(project).id])))
    assert "<script>alert(1)" not in shown
    assert "<b>x" not in shown


def test_a_system_template_is_read_and_duplicated_but_not_changed(editor: Client, project: Project, sent: Sent) -> None:
    system_templates_ensure()
    system = EvalTemplate.objects.filter(project=None).first()
    assert system is not None
    address = reverse("template", args=[system.id])
    assert "Save changes" not in body(editor.get(address))
    assert editor.post(address, sent).status_code == 403
    assert editor.post(reverse("template-delete", args=[system.id])).status_code == 403
    editor.post(reverse("template-duplicate", args=[system.id]))
    assert only(project).name == f"{system.name} copy"
    assert keys(only(project)) == keys(system)


def test_a_viewer_reads(viewer: Client, project: Project, sent: Sent) -> None:
    mine = factories.template(project=project)
    address = reverse("template", args=[mine.id])
    assert "Save changes" not in body(viewer.get(address))
    assert [viewer.get(NEW).status_code, viewer.post(NEW, sent).status_code, viewer.post(address, sent).status_code] == [403] * 3
    assert viewer.post(reverse("template-duplicate", args=[mine.id])).status_code == 403
    assert viewer.post(reverse("template-delete", args=[mine.id])).status_code == 403
    assert viewer.get(reverse("template-import")).status_code == 403


def test_templates_of_another_project_do_not_exist(stranger: Client, project: Project, sent: Sent) -> None:
    mine = factories.template(project=project)
    for name in ("template", "template-versions", "template-export-yaml", "template-export-json"):
        assert stranger.get(reverse(name, args=[mine.id])).status_code == 404
    for name in ("template", "template-duplicate", "template-delete"):
        assert stranger.post(reverse(name, args=[mine.id]), sent).status_code == 404
    assert stranger.post(reverse("template-restore", args=[mine.id, 1])).status_code == 404


def test_a_deleted_template_leaves_its_runs_alone(editor: Client, project: Project) -> None:
    mine = factories.template(project=project)
    run = factories.run(project=project, template=mine)
    answer = editor.post(reverse("template-delete", args=[mine.id]), follow=True)
    run.refresh_from_db()
    assert "is deleted" in body(answer)
    assert run.template_snapshot["name"] == mine.name
    assert not EvalTemplate.objects.filter(pk=mine.id).exists()


@pytest.mark.parametrize("count", [1, 50])
def test_the_editor_asks_a_constant_number_of_questions(
    editor: Client, project: Project, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    made = template_create(project=project, name="T", categories=[CategoryData("", f"C {number}", "") for number in range(count)])
    with django_assert_max_num_queries(8):
        editor.get(reverse("template", args=[made.id]))
