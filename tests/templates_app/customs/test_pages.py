"""Pages of custom evals: editors write, viewers read, strangers find nothing."""

import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.customs import services
from templates_app.models import Brand, CustomEval
from templates_app.prompts import brands

LIST, NEW = "/custom-evals/", "/custom-evals/new/"


@pytest.fixture
def made(project: Project) -> CustomEval:
    return services.custom_eval_create(
        project=project, prompt="Set up a webhook.", category_name="Integration", definition={"expected_behavior": "Checks the HMAC."}
    )


def typed(**given: Any) -> dict[str, Any]:
    fields = {"prompt": "Write a client.", "prompt_template": "", "description": "", "category_name": "", "competitor": "", "group": ""}
    return fields | {"expected_behavior": "", "pass_score": "70", "model_ids": "", "enabled": "on"} | given


def test_an_empty_list_teaches(editor: Client, viewer: Client) -> None:
    assert "Write the first custom eval" in editor.get(LIST).text
    assert NEW not in viewer.get(LIST).text
    assert "Empty: that the task is done." in editor.get(NEW).text  # unlike an operation, it is always judged


def test_a_custom_eval_is_made_with_its_judge(editor: Client, project: Project) -> None:
    sent = typed(category_name="Code", expected_behavior="It runs.", pass_score="85", model_ids="gpt-x", description="Ask weekly")
    assert editor.post(NEW, sent)["Location"] == LIST
    row = CustomEval.objects.get(project=project)
    assert row.category
    assert (row.prompt, row.category.name, row.description) == ("Write a client.", "Code", "Ask weekly")
    assert (row.definition.expected_behavior, row.definition.pass_score, row.definition.model_ids) == ("It runs.", 85, ["gpt-x"])
    assert editor.post(NEW, typed(another="1", prompt="Write a server."))["Location"] == NEW


def test_a_template_is_filled_in(editor: Client, project: Project) -> None:
    rival = brands.brand_create(project=project, name="Rival", domain="rival.example")
    assert isinstance(rival, Brand)
    editor.post(NEW, typed(prompt="", prompt_template="Is {{company_name}} better than {{competitor_name}}?", competitor=str(rival.pk)))
    row = CustomEval.objects.get(project=project)
    assert row.prompt == "Is kitchen better than Rival?"
    page = editor.get(f"{LIST}{row.pk}/").text
    assert "{{company_name}} better than" in page
    editor.post(f"{LIST}{row.pk}/", typed(prompt=row.prompt, prompt_template="What is {{company_name}}?"))
    row.refresh_from_db()
    assert (row.prompt, row.competitor) == ("What is kitchen?", None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prompt": " "}, "Write the task, or a template of it."),
        ({"prompt_template": "{{who}}"}, "There is no variable"),
        ({"prompt_template": "{{competitor_name}}"}, "name a competitor"),
        ({"pass_score": "x"}, "Enter a number."),
        ({"pass_score": "-1"}, "greater than or equal to 0"),
        ({"competitor": "x"}, "Select a valid choice"),
        ({"group": "x"}, "Select a valid choice"),
        ({"model_ids": "m" * 201}, "has 201 characters"),
    ],
)
def test_a_mistake_stands_beside_its_field_and_what_was_typed_stays(editor: Client, wrong: Any, said: str) -> None:
    response = editor.post(NEW, typed(expected_behavior="Kept as typed.", **wrong))
    assert response.status_code == 400
    assert said in response.text
    assert "Kept as typed." in response.text
    assert not CustomEval.objects.exists()


def test_a_variant_begins_as_a_copy_and_names_what_it_varies(editor: Client, viewer: Client, project: Project, made: CustomEval) -> None:
    rival = brands.brand_create(project=project, name="Rival", domain="rival.example")
    begun = editor.get(f"{NEW}?variant_of={made.pk}").text
    assert "Set up a webhook.</textarea>" in begun
    assert "Checks the HMAC.</textarea>" in begun
    assert f'<option value="{made.pk}" selected>Set up a webhook.' in begun
    editor.post(f"{NEW}?variant_of={made.pk}", typed(prompt="Set up Rival's.", competitor=str(rival.pk), group=str(made.pk)))
    row = made.variants.get()
    assert row.prompt == "Set up Rival's."
    assert "Variant of: Set up a webhook." in editor.get(LIST).text
    for client in (editor, viewer):
        assert f'href="{LIST}{row.pk}/">Set up Rival' in client.get(f"{LIST}{made.pk}/").text
    assert f'href="{LIST}{made.pk}/">Set up a webhook.' in viewer.get(f"{LIST}{row.pk}/").text
    editor.post(f"{LIST}{row.pk}/", typed(prompt="Of its own."))
    assert not made.variants.exists()


def test_variants_have_no_variants(editor: Client, project: Project, made: CustomEval) -> None:
    other = services.custom_eval_create(project=project, prompt="Another.")
    row = services.custom_eval_create(project=project, prompt="A variant.", group=str(made.pk))
    assert f'value="{other.pk}"' not in editor.get(f"{LIST}{made.pk}/").text
    assert editor.post(f"{LIST}{made.pk}/", typed(group=str(other.pk))).status_code == 400
    assert "variant_of" not in editor.get(f"{LIST}{row.pk}/").text
    for no_base in (str(row.pk), "junk", str(uuid.uuid4())):
        assert editor.get(f"{NEW}?variant_of={no_base}").context["variant_of"] is None
    with pytest.raises(ValidationError, match="variants of its own"):
        services.custom_eval_update(custom_eval_id=made.pk, project=project, group=str(other.pk))


def test_it_is_changed_and_deleted(editor: Client, made: CustomEval) -> None:
    sent = typed(prompt="Set up two webhooks.")
    del sent["enabled"]
    editor.post(f"{LIST}{made.pk}/", sent)
    made.refresh_from_db()
    made.definition.refresh_from_db()
    assert (made.prompt, made.category, made.definition.enabled) == ("Set up two webhooks.", None, False)
    assert editor.post(f"{LIST}{made.pk}/delete")["Location"] == LIST
    assert not CustomEval.objects.exists()


def test_the_list_is_filtered_and_has_pages(editor: Client, project: Project, made: CustomEval) -> None:
    for number in range(60):
        services.custom_eval_create(project=project, prompt=f"Task {number}")
    assert [row.pk for row in editor.get(f"{LIST}?q=WEBHOOK").context["rows"]] == [made.pk]
    assert [row.pk for row in editor.get(f"{LIST}?category=integration").context["rows"]] == [made.pk]
    assert "No custom eval is like that" in editor.get(f"{LIST}?q=nothing").text
    first = editor.get(LIST)
    second = editor.get(LIST + first.context["more_href"])
    assert [len(page.context["rows"]) for page in (first, second)] == [50, 11]
    assert editor.get(f"{LIST}?after=junk").status_code == 400


def test_the_list_asks_as_often_for_many_as_for_one(
    editor: Client, project: Project, made: CustomEval, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def queries() -> int:
        with django_assert_num_queries(5) as seen:
            editor.get(LIST)
        return len(seen)

    before = queries()
    for number in range(10):
        services.custom_eval_create(project=project, prompt=f"Task {number}", category_name=f"c{number}")
    assert queries() == before


def test_only_what_was_shown_is_selected_anew(editor: Client, project: Project, made: CustomEval) -> None:
    shown, hidden = [services.custom_eval_create(project=project, prompt=name) for name in ("a", "b")]
    editor.post(f"{LIST}select", {"shown": [str(shown.pk), str(made.pk), "junk"], "custom_eval": [str(made.pk), "junk"]})
    chosen = {row.pk: row.is_selected for row in CustomEval.objects.all()}
    assert chosen == {made.pk: True, shown.pk: False, hidden.pk: True}


def test_a_viewer_reads_and_a_stranger_finds_nothing(viewer: Client, stranger: Client, made: CustomEval) -> None:
    page = viewer.get(f"{LIST}{made.pk}/").text
    assert "Checks the HMAC." in page
    assert page.count('method="post"') == 1  # signing out
    assert viewer.post(f"{LIST}{made.pk}/", typed()).status_code == 403
    assert viewer.get(NEW).status_code == 403
    assert stranger.get(f"{LIST}{made.pk}/").status_code == 404
