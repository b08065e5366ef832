"""The history of a template: what every save leaves, what differs, what comes back, and two people who save at once."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.diff import differences, summary, text_parts
from templates_app.models import EvalTemplate
from templates_app.services import system_templates_ensure, template_create, template_restore, template_update
from templates_app.snapshot import content
from templates_app.system import CategoryData
from templates_app.versions import NewerVersion, version_list, version_number
from tests import factories
from tests.templates_app.conftest import Sent

CATEGORIES = [
    CategoryData("a", "Alpha", "Look at a.", 1.0),
    CategoryData("b", "Beta", "Look at b.", 1.0),
    CategoryData("c", "Gamma", "", 1.0),
]


def made(project: Project, **given: object) -> EvalTemplate:
    return template_create(project=project, name="T", categories=CATEGORIES, **given)  # type: ignore[arg-type]


def changed(template: EvalTemplate, **given: object) -> EvalTemplate:
    return template_update(template_id=template.id, project=template.project, **given)  # type: ignore[arg-type]


def test_every_save_that_changes_something_is_a_version(project: Project) -> None:
    template = made(project, note="First.")
    changed(template, name="U")
    changed(template, name="U")
    changed(template, categories=CATEGORIES[:2])
    assert [(version.number, version.note) for version in version_list(template)] == [(3, ""), (2, ""), (1, "First.")]


def test_a_template_from_before_versions_gets_its_first_one_when_it_is_changed(project: Project) -> None:
    template = factories.template(project=project)
    assert version_number(template) == 1
    before = content(template)
    changed(template, name="New name")
    newest, first = version_list(template)
    assert (first.number, first.snapshot, newest.snapshot["name"]) == (1, before, "New name")


def test_a_refused_change_leaves_no_version(project: Project) -> None:
    template = made(project)
    with pytest.raises(ValidationError):
        changed(template, temperature=9)
    assert version_number(template) == 1


def test_an_upgrade_of_a_system_template_is_a_version_too(db: None) -> None:
    system_templates_ensure()
    system = EvalTemplate.objects.filter(project=None).first()
    assert system is not None
    EvalTemplate.objects.filter(pk=system.pk).update(name="Old name")
    system_templates_ensure()
    system_templates_ensure()
    assert version_list(system).count() == 1  # what it is again is what its newest version says
    assert version_list(system)[0].note == "Came with EvalHub."


def test_a_restored_version_is_the_newest_and_loses_nothing(project: Project) -> None:
    template = made(project)
    first = content(template)
    changed(template, name="U", judge_samples=3, categories=CATEGORIES[::-1])
    template_restore(template_id=template.id, project=project, number=1)
    template.refresh_from_db()
    assert content(template) == first
    assert [version.number for version in version_list(template)] == [3, 2, 1]


def test_a_save_based_on_an_older_version_is_refused(project: Project) -> None:
    template = made(project)
    changed(template, name="Theirs", based_on=1)
    with pytest.raises(NewerVersion):
        changed(template, name="Mine", based_on=1)
    template.refresh_from_db()
    assert template.name == "Theirs"


def test_the_second_of_two_editors_keeps_the_text_and_sees_the_difference(editor: Client, project: Project, sent: Sent) -> None:
    template = made(project)
    address = reverse("template", args=[template.id])
    changed(template, scoring_rubric="Theirs alone.")
    answer = editor.post(address, {**sent, "version": "1"})
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "Version 2 was saved while you were typing" in shown
    assert "Judge only what the agent said." in shown
    assert "Theirs alone." in shown
    assert answer.context["editor"].form["version"].value() == 2
    template.refresh_from_db()
    assert template.scoring_rubric == "Theirs alone."
    again = editor.post(address, {**sent, "version": "2"}, follow=True)
    assert "This is version 3." in again.content.decode()
    assert version_list(template).get(number=2).snapshot["scoring_rubric"] == "Theirs alone."


def test_differences_are_said_in_words(project: Project) -> None:
    template = made(project)
    old = content(template)
    moved = [CATEGORIES[2], CategoryData("a", "Alpha", "Look at a twice.", 2.0), CategoryData("d", "Delta", "Look at d.", 0.5)]
    new = content(changed(template, temperature=0.7, categories=moved))
    said = {(change.title, change.said) for change in differences(old, new)}
    assert {
        ("Temperature", "0.3 → 0.7"),
        ("Beta", "Category removed."),
        ("Delta", "Category added, weight 0.5."),
        ("Alpha", "Weight 1 → 2."),
        ("Alpha", "Instructions:"),
    } <= said
    assert any("Moved from place" in words for _, words in said)
    assert summary(old, old) == "Nothing"


def test_a_text_is_compared_by_words_and_its_unchanged_lines_are_folded() -> None:
    same = "".join(f"Line {number}.\n" for number in range(20))
    parts = [(part.kind, part.text) for part in text_parts(f"Be kind.\n{same}", f"Be very kind.\n{same}")]
    assert ("new", "very ") in parts or ("new", " very") in parts
    assert ("skipped", "19 unchanged lines") in parts
    assert not any(kind == "gone" for kind, _ in parts)


def test_a_huge_text_is_compared_in_no_time() -> None:
    parts = text_parts("word " * 20_000, "other " * 20_000)
    assert [part.kind for part in parts] == ["gone", "new"]


def test_the_history_shows_versions_with_authors_and_compares_any_two(editor: Client, project: Project, sent: Sent) -> None:
    template = made(project)
    address = reverse("template-versions", args=[template.id])
    editor.post(reverse("template", args=[template.id]), {**sent, "version": "1", "note": "Sharper <b>words</b>"})
    changed(template, name="Third")
    shown = editor.get(address).content.decode()
    assert "From version 2 to 3" in shown
    assert "edith" in shown
    assert "Sharper &lt;b&gt;words" in shown
    assert "From version 1 to 3" in editor.get(f"{address}?from=1&to=3").content.decode()
    assert editor.get(f"{address}?from=1&to=99").status_code == 404
    assert editor.get(f"{address}?from={'9' * 400}&to=x").status_code == 200


def test_a_template_that_never_changed_has_one_version(editor: Client, project: Project) -> None:
    template = factories.template(project=project)
    assert "Version 1" in editor.get(reverse("template-versions", args=[template.id])).content.decode()


def test_a_version_is_restored_by_its_button(editor: Client, project: Project) -> None:
    template = made(project)
    changed(template, name="U")
    answer = editor.post(reverse("template-restore", args=[template.id, 1]), follow=True)
    template.refresh_from_db()
    assert "Version 1 is restored" in answer.content.decode()
    assert template.name == "T"
    assert editor.post(reverse("template-restore", args=[template.id, 99])).status_code == 404


@pytest.mark.parametrize("count", [2, 40])
def test_the_history_asks_a_constant_number_of_questions(
    editor: Client, project: Project, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    template = made(project)
    for number in range(count):
        changed(template, name=f"T {number}")
    with django_assert_max_num_queries(8):
        answer = editor.get(reverse("template-versions", args=[template.id]))
    assert len(answer.context["entries"]) == min(count + 1, 30)


def test_a_change_through_the_api_is_a_version(project: Project) -> None:
    template = made(project)
    changed(template, description="By a client.", note="Through the API.")
    assert version_list(template)[0].note == "Through the API."
