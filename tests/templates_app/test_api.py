"""GET and POST /eval-templates: defaults, lenient categories, and who sees what."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.api.client import Api, check_contract, locations, teammates


@pytest.fixture
def owner(db: None) -> Api:
    return teammates(1)[0]


def categories(api: Api, *given: Any) -> list[dict[str, Any]]:
    body = api.post("/eval-templates", {"name": "T", "categories": list(given)}).json()
    check_contract("EvalTemplate", body)
    found: list[dict[str, Any]] = body["categories"]
    return found


def test_a_name_is_enough_and_the_rest_has_defaults(owner: Api) -> None:
    response = owner.post("/eval-templates", {"name": "Mine", "template_type": ""})
    body = response.json()
    check_contract("EvalTemplate", body)
    assert response.status_code == 200
    assert (body["judge_model"], body["temperature"], body["max_tokens"], body["template_type"]) == ("", 0.3, 8192, "quality")
    assert [category["key"] for category in body["categories"]] == ["overall"]
    assert (body["is_system"], body["description"], body["scoring_rubric"]) == (False, "", "")


def test_it_keeps_all_that_is_given(owner: Api) -> None:
    given = {
        "name": "Mine",
        "description": "What I look at.",
        "template_type": "adaptation",
        "judge_model": "gemini-3.1-pro-preview",
        "temperature": 0,
        "max_tokens": 100,
        "scoring_rubric": "Be strict.",
        "categories": [{"key": "Tone_1", "label": "Tone", "prompt_instructions": "How it sounds."}],
    }
    body = owner.post("/eval-templates", given).json()
    check_contract("EvalTemplate", body)
    assert {key: body[key] for key in given} == given
    assert owner.get("/eval-templates", type="adaptation").json()["templates"] == [body]


def test_categories_may_be_older_objects_or_just_names(owner: Api) -> None:
    made = categories(owner, {"name": "Tone of voice", "weight": 2.5, "criteria": "How it sounds."}, "Honesty", {"key": "clarity"})
    assert made == [
        {"key": "tone-of-voice", "label": "Tone of voice", "prompt_instructions": "How it sounds."},
        {"key": "honesty", "label": "Honesty", "prompt_instructions": ""},
        {"key": "clarity", "label": "clarity", "prompt_instructions": ""},
    ]
    assert list(EvalTemplate.objects.get().categories.values_list("weight", flat=True)) == [2.5, 1.0, 1.0]


def test_keys_are_made_unique_and_never_empty(owner: Api) -> None:
    made = categories(
        owner, "Tone", "tone", {"label": "TONE"}, {"label": "Other", "key": "tone-2"}, "優しさ", {"key": "a b/c", "label": "x"}
    )
    assert [category["key"] for category in made] == ["tone", "tone-3", "tone-4", "tone-2", "category-5", "a-bc"]


def test_criteria_may_be_a_list(owner: Api) -> None:
    assert categories(owner, {"name": "Tone", "criteria": ["warm", "short"]})[0]["prompt_instructions"] == "warm\nshort"


def test_a_key_that_grows_when_it_becomes_a_name_is_cut(owner: Api) -> None:
    keys = [category["key"] for category in categories(owner, {"label": "a", "key": "㎉" * 80}, {"label": "b", "key": "㎉ " * 40})]
    assert keys == ["kcal" * 20, "kcal-" * 15 + "kcal"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.name"),
        ({"name": "T", "template_type": "fancy"}, "body.template_type"),
        ({"name": "T", "temperature": 3}, "body.temperature"),
        ({"name": "T", "temperature": "nan"}, "body.temperature"),
        ({"name": "T", "max_tokens": 0}, "body.max_tokens"),
        ({"name": "T", "max_tokens": 2**40}, "body.max_tokens"),
        ({"name": "T", "categories": {}}, "body.categories"),
        ({"name": "T", "categories": [{}]}, "body.categories[0].label"),
        ({"name": "T", "categories": [3]}, "body.categories[0]"),
        ({"name": "T", "categories": ["a", {"label": "b", "weight": -1}]}, "body.categories[1].weight"),
        ({"name": "T", "categories": [{"label": "b", "wieght": 1}]}, "body.categories[0].wieght"),
        ({"name": "T", "categories": [{"label": "b", "weight": 0}]}, "body.categories"),
        ({"name": "T", "categories": [{"key": "a", "label": "a"}, {"key": "a", "label": "b"}]}, "body.categories[1].key"),
        ({"name": "T", "categories": ["a"] * 51}, "body.categories"),
        (
            {"name": "T", "categories": [{"label": "a", "prompt_instructions": ["x", {"x": 1}]}]},
            "body.categories[0].prompt_instructions[1]",
        ),
        ({"name": "T", "categories": [{"label": "a", "prompt_instructions": [None]}]}, "body.categories[0].prompt_instructions[0]"),
        ({"name": "T", "categories": [{"name": "a", "criteria": ["x", "y", 5]}]}, "body.categories[0].criteria[2]"),
        ({"name": "T", "rubric": "x"}, "body.rubric"),
    ],
)
def test_what_cannot_be_a_template_is_pointed_at(owner: Api, body: dict[str, Any], place: str) -> None:
    assert locations(owner.post("/eval-templates", body)) == [place]
    assert not EvalTemplate.objects.exists()


def test_the_list_has_own_ones_newest_first_then_the_systems_and_nobody_elses(owner: Api) -> None:
    factories.template(project=None, name="System")
    for name in ("Old", "New"):
        factories.template(project=owner.project, name=name)
    factories.template(project=factories.project(), name="Foreign")
    body = owner.get("/eval-templates").json()
    check_contract("ListEvalTemplatesOutputBody", body)
    assert [template["name"] for template in body["templates"]] == ["New", "Old", "System"]
    assert [template["is_system"] for template in body["templates"]] == [False, False, True]


def test_the_list_can_be_of_one_type(owner: Api) -> None:
    factories.template(project=owner.project, name="Q")
    factories.template(project=owner.project, name="A", kind="adaptation")
    names = {kind: [item["name"] for item in owner.get("/eval-templates", type=kind).json()["templates"]] for kind in ("adaptation", "")}
    assert names == {"adaptation": ["A"], "": ["A", "Q"]}
    assert locations(owner.get("/eval-templates", type="fancy")) == ["query.type"]


def test_the_list_costs_three_queries_whatever_its_length(owner: Api, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    owner.get("/eval-templates")
    for _ in range(10):
        factories.template(project=owner.project)
    with django_assert_num_queries(3):  # key, templates, categories
        assert len(owner.get("/eval-templates").json()["templates"]) == 10
