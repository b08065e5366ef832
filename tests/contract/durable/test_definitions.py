"""Eval definitions of operations, and custom evals: list, create, change, remove."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition
from templates_app.sources.definitions import definitions_complete
from tests import factories
from tests.contract.durable.contract import Durable, places
from tests.contract.durable.place import NONE_OF_IT, NOWHERE, WISHES

pytestmark = pytest.mark.django_db
EVALS, CUSTOMS = "/api-performance/evals", "/api-performance/custom-evals"


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


def source_of(project: Project, label: str = "Pets", operations: int = 2) -> ApiSource:
    source = ApiSource.objects.create(project=project, source_type="rest_api", label=label)
    for number in range(operations):
        ApiOperation.objects.create(source=source, method="GET", path=f"/pets/{number}", position=number)
    definitions_complete(source=source)
    return source


@pytest.fixture
def source(api: Durable) -> ApiSource:
    return source_of(api.project)


@pytest.fixture
def definition(source: ApiSource) -> EvalDefinition:
    found = EvalDefinition.objects.filter(operation__source=source).order_by("operation__position").first()
    assert found
    return found


def test_each_operation_has_the_definition_of_its_kind_once(api: Durable, source: ApiSource) -> None:
    assert definitions_complete(source=source) == 0
    operations = [str(row.pk) for row in source.operations.all()]
    listed = api.get(EVALS).json()
    assert [row["operation_id"] for row in listed["data"]] == operations
    assert listed["meta"] == {"count": 2}
    assert listed["data"][0] == {
        "id": listed["data"][0]["id"],
        "operation_id": operations[0],
        "source_id": str(source.pk),
        "source": {"id": str(source.pk), "type": "rest_api", "label": "Pets"},
        "eval_type": "rest_api",
        "prompt": None,
        "custom_prompt": None,
        "expected_behavior": None,
        "starting_project_id": None,
        "docs_mode": "default",
        "include_env_vars": True,
        "env_profile_ids": [],
        "model_ids": [],
        "compare_skills": False,
        "skills_mode": "none",
        "skills_enabled": False,
        "skill_ids": [],
        "mcp_enabled": False,
        "run_context": {},
        "enabled": True,
    }


@pytest.mark.parametrize("name", ["source_id", "integration_id"])
def test_evals_are_listed_by_source_under_either_name(api: Durable, source: ApiSource, name: str) -> None:
    source_of(api.project, "Other", operations=3)
    assert len(api.get(EVALS).json()["data"]) == 5
    assert len(api.get(EVALS, **{name: str(source.pk)}).json()["data"]) == 2


def test_two_names_of_one_source_must_agree(api: Durable, source: ApiSource) -> None:
    assert api.get(EVALS, source_id=str(source.pk), integration_id=str(source.pk)).status_code == 200
    assert places(api.get(EVALS, source_id=str(source.pk), integration_id=NOWHERE)) == ["query.integration_id"]


@pytest.mark.parametrize("named", [NOWHERE, "pets", ""])
def test_evals_of_a_source_that_is_not_there_are_404(api: Durable, named: str) -> None:
    response = api.get(EVALS, source_id=named)
    assert (response.status_code, response.json()) == (404, {"detail": "Source not found"})


@pytest.mark.parametrize(("sent", "count"), [("true", 1), ("1", 1), ("on", 1), ("false", 1), ("no", 1)])
def test_evals_are_listed_by_whether_they_are_enabled(api: Durable, definition: EvalDefinition, sent: str, count: int) -> None:
    EvalDefinition.objects.filter(pk=definition.pk).update(enabled=False)
    assert len(api.get(EVALS, enabled=sent).json()["data"]) == count


def test_a_truth_that_is_none_is_refused(api: Durable) -> None:
    assert places(api.get(EVALS, enabled="maybe")) == ["query.enabled"]


def test_operations_that_a_document_no_longer_has_are_not_listed(api: Durable, source: ApiSource) -> None:
    source.operations.filter(position=0).update(is_active=False)
    assert len(api.get(EVALS).json()["data"]) == 1


def test_an_eval_is_changed_field_by_field(api: Durable, definition: EvalDefinition) -> None:
    EnvProfile.objects.create(project=api.project, key="staging", name="Staging")
    body = {
        "custom_prompt": "Find the pet.",
        "expected_behavior": "It finds it.",
        "docs_mode": "exclude",
        "include_env_vars": False,
        "env_profile_ids": ["staging", "staging"],
        "model_ids": ["gpt-4.1"],
        "run_context": {"locale": "de"},
        "enabled": False,
    }
    changed = api.patch(f"{EVALS}/{definition.pk}", body).json()
    assert {key: changed[key] for key in body} == {**body, "env_profile_ids": ["staging"]}
    assert changed["prompt"] == "Find the pet."
    assert api.get(f"{EVALS}/{definition.pk}").json() == changed
    emptied = api.patch(f"{EVALS}/{definition.pk}", {"env_profile_ids": [], "model_ids": [], "custom_prompt": ""}).json()
    assert (emptied["env_profile_ids"], emptied["model_ids"], emptied["custom_prompt"]) == ([], [], None)
    assert emptied["docs_mode"] == "exclude"


def test_nulls_and_an_empty_object_change_nothing(api: Durable, definition: EvalDefinition) -> None:
    before = api.get(f"{EVALS}/{definition.pk}").json()
    nulls = dict.fromkeys(["custom_prompt", "docs_mode", "env_profile_ids", "model_ids", "run_context", "enabled", "skill_ids"])
    assert api.patch(f"{EVALS}/{definition.pk}", nulls).json() == before
    assert api.patch(f"{EVALS}/{definition.pk}", {"of_a_later_version": 1}).json() == before


@pytest.mark.parametrize("wish", WISHES)
def test_what_this_server_does_not_have_is_refused_and_not_stored(api: Durable, definition: EvalDefinition, wish: dict[str, Any]) -> None:
    response = api.patch(f"{EVALS}/{definition.pk}", {"enabled": False, **wish})
    assert places(response) == [f"body.{next(iter(wish))}"]
    assert response.json()["detail"][0]["msg"].startswith("This server has no ")
    definition.refresh_from_db()
    assert definition.enabled


def test_saying_that_none_of_it_is_wanted_is_fine(api: Durable, definition: EvalDefinition) -> None:
    assert api.patch(f"{EVALS}/{definition.pk}", NONE_OF_IT).status_code == 200


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"docs_mode": "some"}, "body.docs_mode"),
        ({"enabled": 1}, "body.enabled"),
        ({"enabled": "true"}, "body.enabled"),
        ({"custom_prompt": 5}, "body.custom_prompt"),
        ({"custom_prompt": "x" * 50_001}, "body.custom_prompt"),
        ({"model_ids": "gpt"}, "body.model_ids"),
        ({"model_ids": [1]}, "body.model_ids.0"),
        ({"model_ids": [""]}, "body.model_ids"),
        ({"env_profile_ids": ["nobody"]}, "body.env_profile_ids"),
        ({"run_context": []}, "body.run_context"),
        ({"run_context": {"x": "y" * 50_001}}, "body.run_context"),
    ],
)
def test_wrong_changes_are_told_with_their_place(api: Durable, definition: EvalDefinition, body: dict[str, Any], place: str) -> None:
    assert places(api.patch(f"{EVALS}/{definition.pk}", body)) == [place]


def test_an_eval_runs_in_no_environment_of_another_source_or_project(api: Durable, definition: EvalDefinition) -> None:
    other = source_of(api.project, "Other")
    EnvProfile.objects.create(project=api.project, source=other, key="other", name="Other")
    EnvProfile.objects.create(project=factories.project(), key="theirs", name="Theirs")
    for key in ("other", "theirs"):
        assert places(api.patch(f"{EVALS}/{definition.pk}", {"env_profile_ids": [key]})) == ["body.env_profile_ids"]


@pytest.mark.parametrize("named", [NOWHERE, "x", "%00"])
def test_an_eval_that_is_not_there_is_404(api: Durable, named: str) -> None:
    for response in (api.get(f"{EVALS}/{named}"), api.patch(f"{EVALS}/{named}", {})):
        assert (response.status_code, response.json()) == (404, {"detail": "Eval not found"})


def test_evals_and_custom_evals_of_others_are_not_there(api: Durable, definition: EvalDefinition) -> None:
    custom = api.post(CUSTOMS, {"prompt": "Plan."}).json()["id"]
    stranger = Durable(factories.project())
    assert stranger.get(EVALS).json()["data"] == stranger.get(CUSTOMS).json()["data"] == []
    assert stranger.patch(f"{EVALS}/{definition.pk}", {"enabled": False}).status_code == 404
    for response in (
        stranger.get(f"{CUSTOMS}/{custom}"),
        stranger.patch(f"{CUSTOMS}/{custom}", {"prompt": "Mine."}),
        stranger.delete(f"{CUSTOMS}/{custom}"),
    ):
        assert (response.status_code, response.json()) == (404, {"detail": "Custom eval not found"})
    assert api.get(f"{CUSTOMS}/{custom}").json()["prompt"] == "Plan."


@pytest.mark.parametrize("scope", ["read", "run"])
def test_changing_needs_the_scope_to_write(api: Durable, definition: EvalDefinition, scope: str) -> None:
    limited = Durable(api.project, [scope])
    assert limited.patch(f"{EVALS}/{definition.pk}", {}).status_code == 403
    assert limited.post(CUSTOMS, {"prompt": "x"}).status_code == 403
    assert limited.delete(f"{CUSTOMS}/{NOWHERE}").status_code == 403


@pytest.mark.parametrize("many", [2, 30])
def test_the_queries_of_lists_do_not_grow(api: Durable, many: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    source_of(api.project, operations=many)
    for number in range(many):
        api.post(CUSTOMS, {"prompt": f"Task {number}", "category_name": f"Category {number}"})
    with django_assert_num_queries(1 + 1):
        api.get(EVALS)
    with django_assert_num_queries(1 + 1):
        api.get(CUSTOMS)
