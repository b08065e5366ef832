"""Which custom evals are run, and whom they are asked of."""

from typing import Any

import pytest

from evalhub.accounts.models import Project
from runs.batches.choosing import choose
from runs.batches.chosen import Chosen
from runs.batches.request import ApiRequest, BadValue, NothingToRun, UnknownId
from templates_app.models import Brand, CustomEvalCategory
from tests import factories
from tests.support import asked

pytestmark = pytest.mark.django_db
NONE_CONFIGURED = (
    "No custom eval IDs were provided and no configured custom evals were found for this organization. "
    "Configure custom evals or include custom_eval_ids in the request."
)


@pytest.fixture
def project() -> Project:
    return factories.project()


def chosen(project: Project, **request: Any) -> Chosen:
    values: dict[str, Any] = {"source_type": "custom_evals", "targets": [asked.AGENT]} | request
    return choose(project, ApiRequest(**values))


def subjects(project: Project, **request: Any) -> list[str]:
    return sorted(subject.label for subject in chosen(project, **request).subjects)


def test_the_configured_ones_run_where_none_are_named(project: Project) -> None:
    asked.custom(project, "One")
    asked.custom(project, "Two", defined=False)
    asked.custom(project, "Not selected", defined=False, is_selected=False)
    asked.custom(project, "Disabled", enabled=False)
    asked.custom(factories.project(), "Theirs")
    assert subjects(project) == ["One", "Two"]


def test_without_any_it_says_so_verbatim(project: Project) -> None:
    asked.custom(project, defined=False, is_selected=False)
    with pytest.raises(NothingToRun) as refused:
        chosen(project)
    assert str(refused.value) == NONE_CONFIGURED


def test_named_ones_run_by_their_own_id_or_their_evals(project: Project) -> None:
    one = asked.custom(project, "One")
    asked.custom(project, "Two")
    assert subjects(project, custom_eval_ids=[str(one.pk)]) == ["One"]
    assert subjects(project, eval_ids=[str(one.definition.pk)]) == ["One"]
    theirs = asked.custom(factories.project())
    for request in ({"custom_eval_ids": [str(theirs.pk)]}, {"eval_ids": [str(theirs.definition.pk)]}, {"source_id": str(theirs.pk)}):
        with pytest.raises(UnknownId):
            chosen(project, **request)


def test_categories_and_types_narrow_them(project: Project) -> None:
    category = CustomEvalCategory.objects.create(project=project, name="Good Manners", slug="good-manners")
    row = asked.custom(project, "Greet", defined=False, category=category)
    asked.custom(project, "Count")
    for named in ("good manners", "good-manners", str(category.pk)):
        assert subjects(project, categories=[named]) == ["Greet"]
    assert chosen(project, categories=["good-manners"]).subjects[0].group_id == row.category_id
    with pytest.raises(NothingToRun, match="eval_types"):
        chosen(project, eval_types=["unheard"])


def test_they_have_no_operations(project: Project) -> None:
    asked.custom(project)
    with pytest.raises(BadValue) as refused:
        chosen(project, operation_paths=["GET:/x"])
    assert refused.value.loc == ("operation_paths",)


def test_all_that_judging_needs_is_frozen(project: Project) -> None:
    Brand.objects.create(project=project, name="Acme", domain="acme.test", is_own=True)
    rival = Brand.objects.create(project=project, name="Globex")
    row = asked.custom(project, "Compare us.", expected_behavior="Is fair.", pass_score=80)
    row.competitor = rival
    row.save()
    made = chosen(project, eval_overrides={str(row.pk): {"custom_prompt": "Compare us once more."}})
    frozen: Any = made.subjects[0].snapshot
    assert (frozen["prompt"], frozen["judge_model"]) == ("Compare us once more.", "demo/judge")
    assert (frozen["definition"]["expected_behavior"], frozen["definition"]["pass_score"]) == ("Is fair.", 80)
    assert (frozen["competitor"]["name"], frozen["company"]) == ("Globex", {"name": "Acme", "domain": "acme.test"})
    assert [brand["name"] for brand in made.brands] == ["Acme", "Globex"]


def test_without_a_judge_it_says_how_to_get_one(project: Project) -> None:
    asked.custom(project)
    asked.provider(project, "local", "http://127.0.0.1:9/v1")
    with pytest.raises(NothingToRun, match="No model is named for the judge"):
        chosen(project)


def test_queries_do_not_grow_with_the_evals(project: Project, django_assert_num_queries: Any) -> None:
    for _ in range(20):
        asked.custom(project)
    with django_assert_num_queries(6):
        chosen(project)
