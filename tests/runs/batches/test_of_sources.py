"""Which operations of which source are run, by which evals, in which environments."""

from typing import Any

import pytest

from evalhub.accounts.models import Project
from runs.batches.choosing import choose
from runs.batches.chosen import Chosen
from runs.batches.request import ApiRequest, BadTarget, BadValue, NothingToRun, UnknownId
from runs.models import Frequency
from templates_app.models import ApiOperation, ApiSource, SourceType
from templates_app.sources.profiles import env_profile_create, env_profile_update
from templates_app.sources.services import source_update
from tests import factories
from tests.support import asked

pytestmark = pytest.mark.django_db
NO_SOURCE = (
    "source_id is required for source_type=rest_api unless operation_ids or eval_ids identify a single source. "
    "Get source IDs from api-performance sources list or api-performance evals list."
)
NO_TARGETS = (
    "No configured API Performance targets or models were found for rest_api. "
    "Configure eval targets for this source or include targets/models in the request."
)


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def pets(project: Project) -> ApiSource:
    return asked.source(project, "GET /pets", "POST /pets", "GET /pets/{id}", label="Pets")


def chosen(project: Project, **request: Any) -> Chosen:
    values: dict[str, Any] = {"source_type": "rest_api", "targets": [asked.AGENT]} | request
    return choose(project, ApiRequest(**values))


def subjects(project: Project, **request: Any) -> list[str]:
    return [subject.label for subject in chosen(project, **request).subjects]


def ids(*rows: Any) -> list[str]:
    return [str(row.pk) for row in rows]


# The source


def test_the_only_source_of_the_type_need_not_be_named(project: Project, pets: ApiSource) -> None:
    asked.source(project, "list", source_type=SourceType.CLI)
    made = chosen(project)
    assert made.source
    assert (made.source["id"], len(made.cells)) == (str(pets.pk), 3)


def test_operations_and_evals_identify_their_source(project: Project, pets: ApiSource) -> None:
    asked.source(project, "GET /cars")
    [first, *_] = asked.operations(pets)
    assert subjects(project, operation_ids=ids(first)) == ["GET /pets"]
    assert subjects(project, eval_ids=ids(asked.definition(first))) == ["GET /pets"]


@pytest.mark.parametrize("labels", [[], ["one", "two"]])
def test_without_a_single_source_it_says_so_verbatim(project: Project, labels: list[str]) -> None:
    for label in labels:
        asked.source(project, "GET /x", label=label)
    with pytest.raises(NothingToRun) as refused:
        chosen(project)
    assert str(refused.value) == NO_SOURCE


def test_operations_of_two_sources_identify_none(project: Project, pets: ApiSource) -> None:
    cars = asked.source(project, "GET /cars")
    with pytest.raises(NothingToRun) as refused:
        chosen(project, operation_ids=ids(*asked.operations(pets), *asked.operations(cars)))
    assert str(refused.value) == NO_SOURCE


def test_what_is_not_of_the_project_the_type_or_the_source_is_unknown(project: Project, pets: ApiSource) -> None:
    other = asked.source(factories.project(), "GET /theirs")
    cars = asked.source(project, "GET /cars")
    tool = asked.source(project, "list", source_type=SourceType.CLI)
    [theirs], [car] = asked.operations(other), asked.operations(cars)
    for request in (
        {"source_id": str(other.pk)},
        {"source_id": str(tool.pk)},
        {"source_id": "nonsense"},
        {"operation_ids": ids(theirs)},
        {"eval_ids": ids(asked.definition(theirs))},
        {"source_id": str(pets.pk), "operation_ids": ids(car)},
        {"source_id": str(pets.pk), "env_profile_ids": ["nowhere"]},
        {"source_id": str(pets.pk), "eval_overrides": {str(car.pk): {"enabled": True}}},
    ):
        with pytest.raises(UnknownId):
            chosen(project, **request)


# Operations and evals


def test_selected_operations_run_where_none_are_named(project: Project, pets: ApiSource) -> None:
    pets.operations.filter(method="POST").update(is_selected=False)
    pets.operations.filter(path="/pets/{id}").update(is_active=False)
    assert subjects(project) == ["GET /pets"]
    assert subjects(project, operation_paths=["POST:/pets", " get:/pets "]) == ["POST /pets", "GET /pets"]
    with pytest.raises(NothingToRun, match="no longer has GET /pets/{id}"):
        chosen(project, operation_paths=["GET:/pets/{id}"])
    pets.operations.update(is_selected=False)
    with pytest.raises(NothingToRun, match="No operation of Pets is selected"):
        chosen(project)


def test_filters_are_applied_together_and_may_leave_nothing(project: Project, pets: ApiSource) -> None:
    pets.operations.filter(method="POST").update(category="Writing")
    [read, write, _] = asked.operations(pets)
    assert subjects(project, categories=["writing"]) == ["POST /pets"]
    assert subjects(project, operation_ids=ids(read, write), categories=["Reading"]) == ["GET /pets"]
    for request, said in (
        ({"categories": ["Dancing"]}, "in the categories Dancing"),
        ({"operation_ids": ids(read), "operation_paths": ["POST:/pets"]}, "passes all filters"),
        ({"operation_paths": ["DELETE:/pets"]}, "no operation DELETE:/pets"),
        ({"operation_paths": []}, "operation_paths is empty"),
        ({"operation_ids": []}, "operation ids is empty"),
        ({"eval_types": ["sdk"]}, "No chosen eval is of the types sdk. There are: rest_api."),
    ):
        with pytest.raises(NothingToRun, match=said):
            chosen(project, source_id=str(pets.pk), **request)


def test_a_library_goes_by_names(project: Project) -> None:
    asked.source(project, "items.create", "items.list", source_type=SourceType.SDK)
    for written in ("items.list", ":items.list"):
        assert subjects(project, source_type="sdk", operation_paths=[written]) == ["items.list"]


def test_each_definition_is_an_eval_and_disabled_ones_are_left_out(project: Project, pets: ApiSource) -> None:
    [first, second, _] = asked.operations(pets)
    strict = asked.definition(first, "strict", expected_behavior="Asks once.")
    asked.definition(first, "lenient")
    off = asked.definition(second, enabled=False)
    made = chosen(project)
    assert [(subject.label, subject.eval_type) for subject in made.subjects] == [
        ("GET /pets", "strict"),
        ("GET /pets", "lenient"),
        ("GET /pets/{id}", "rest_api"),
    ]
    assert [subject.snapshot["judge_model"] for subject in made.subjects] == ["demo/judge", "", ""]
    assert subjects(project, eval_types=["strict"]) == ["GET /pets"]
    assert subjects(project, eval_ids=ids(strict)) == ["GET /pets"]
    with pytest.raises(NothingToRun, match="disabled"):
        chosen(project, eval_ids=ids(off))
    assert subjects(project, eval_ids=ids(off), eval_overrides={str(off.pk): {"enabled": True}}) == ["POST /pets"]


def test_overrides_hold_for_this_run_only(project: Project, pets: ApiSource) -> None:
    row = asked.definition(asked.operations(pets)[0], custom_prompt="Stored.", expected_behavior="Kept.")
    made = chosen(project, eval_ids=ids(row), eval_overrides={str(row.pk): {"custom_prompt": "Once.", "model_ids": None}})
    definition = made.subjects[0].snapshot["definition"]  # type: ignore[typeddict-item]
    assert (definition["custom_prompt"], definition["expected_behavior"]) == ("Once.", "Kept.")
    row.refresh_from_db()
    assert row.custom_prompt == "Stored."


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"colour": "red"}, "colour is no field of an eval. There are: custom_prompt"),
        ({"size": None}, "size is no field of an eval."),
        ({"docs_mode": "maybe"}, "docs_mode is one of default, include, exclude."),
        ({"model_ids": [1]}, "model_ids is a list of texts."),
        ({"enabled": "yes"}, "enabled has a value of another type than the eval's."),
        ({"pass_score": 101}, "pass_score is from 0 to 100."),
        ({"pass_score": True}, "pass_score has a value of another type than the eval's."),
        ({"mcp_enabled": True}, "This server has no MCP servers; leave mcp_enabled out."),
        ({"custom_prompt": "x" * 50_001}, "custom_prompt has 50,000 characters at most"),
        ({"run_context": {"x": "x" * 50_000}}, "run_context has 50,000 characters of JSON at most"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_an_override_that_cannot_be_is_refused_with_its_place(
    project: Project, pets: ApiSource, fields: dict[str, Any], sentence: str
) -> None:
    row = asked.definition(asked.operations(pets)[0])
    with pytest.raises(BadValue) as refused:
        chosen(project, eval_overrides={str(row.pk): fields})
    assert refused.value.loc == ("eval_overrides", str(row.pk), *fields)
    assert str(refused.value).startswith(sentence)


def test_an_eval_that_names_models_is_for_those(project: Project, pets: ApiSource) -> None:
    asked.definition(asked.operations(pets)[0], model_ids=["demo/user"])
    made = chosen(project, targets=[asked.AGENT, asked.USER], operation_paths=["GET:/pets", "POST:/pets"])
    assert asked.labels(made.cells, made) == [("GET /pets", "demo/user"), ("POST /pets", "demo/agent"), ("POST /pets", "demo/user")]
    with pytest.raises(NothingToRun, match="model_ids"):
        chosen(project, operation_paths=["GET:/pets"])


# Targets


def test_omitted_targets_are_those_of_the_source(project: Project, pets: ApiSource) -> None:
    cars = asked.source(project, "GET /cars")
    asked.target(project, "demo/agent", source_type="rest_api", source=pets)
    asked.target(project, "demo/judge", source_type="rest_api", source=pets, frequency=Frequency.MANUAL)
    asked.target(project, "demo/user", source_type="rest_api", source=cars)
    made = chosen(project, source_id=str(pets.pk), targets=None)
    assert [target.frozen["label"] for target in made.targets] == ["demo/agent"]


def test_legacy_models_are_used_where_no_targets_are(project: Project, pets: ApiSource) -> None:
    pets.model_names = ["demo/user"]
    pets.save()
    assert [target.frozen["label"] for target in chosen(project, targets=None).targets] == ["demo/user"]
    made = chosen(project, targets=None, models=["demo/agent"])
    assert [target.frozen["key"] for target in made.targets] == ["text:demo:agent"]
    asked.provider(project, "openai")
    bare = chosen(project, targets=None, models=["gpt-4.1-mini"])
    assert bare.targets[0].frozen["model"] == "openai/gpt-4.1-mini"
    with pytest.raises(BadTarget) as refused:
        chosen(project, targets=None, models=["demo/agent", "unheard-of"])
    assert refused.value.loc == ("models", 1)


def test_without_targets_and_models_it_says_so_verbatim(project: Project, pets: ApiSource) -> None:
    with pytest.raises(NothingToRun) as refused:
        chosen(project, targets=None)
    assert str(refused.value) == NO_TARGETS


# Environments


def places(made: Chosen) -> list[tuple[str, str | None]]:
    return [(made.subjects[cell[0]].label, None if cell[2] is None else made.profiles[cell[2]]["key"]) for cell in made.cells]


def test_profiles_are_the_requests_else_the_evals_else_the_sources(project: Project, pets: ApiSource) -> None:
    staging, live = asked.profile(project, "staging"), asked.profile(project, "live", source=pets)
    [first, second, _] = asked.operations(pets)
    asked.definition(first, env_profile_keys=["live", "staging"])
    paths = {"operation_ids": ids(first, second)}
    assert places(chosen(project, **paths)) == [("GET /pets", "live"), ("GET /pets", "staging"), ("POST /pets", None)]
    pets.default_env_profile = staging
    pets.save()
    assert places(chosen(project, **paths))[-1] == ("POST /pets", "staging")
    assert places(chosen(project, **paths, env_profile_ids=[str(live.pk)])) == [("GET /pets", "live"), ("POST /pets", "live")]
    assert places(chosen(project, **paths, env_profile_ids=[])) == [("GET /pets", None), ("POST /pets", None)]
    assert asked.profile(factories.project(), "theirs").key not in str(places(chosen(project)))


def test_a_profile_that_is_gone_is_not_replaced_by_none(project: Project, pets: ApiSource) -> None:
    asked.definition(asked.operations(pets)[0], env_profile_keys=["departed"])
    with pytest.raises(NothingToRun, match="departed"):
        chosen(project)


def test_secrets_are_in_no_snapshot(project: Project, pets: ApiSource) -> None:
    staging = asked.profile(project, "staging")
    staging.set_variables({"API_TOKEN": "tell-nobody"})
    staging.save()
    made = chosen(project, env_profile_ids=["staging"])
    assert made.profiles[0]["variable_names"] == ["API_TOKEN"]
    assert "tell-nobody" not in str(made)


@pytest.mark.parametrize("moved", ["source", "profile"])
def test_values_stay_with_their_server_when_somebody_moves_an_address(project: Project, moved: str) -> None:
    """An editor may change addresses, and must not learn by it what an owner entered."""
    pets = asked.source(project, "GET /pets", api_base_url="https://api.example/v1")
    columns = {"source": pets} if moved == "source" else {"base_url": "https://api.example/v2"}
    made = env_profile_create(project=project, name="Live", variables={"API_TOKEN": "tell-nobody"}, **columns)
    asked.target(project, source_type="rest_api", source=pets)
    assert choose(project, ApiRequest(source_type="rest_api", source_id=str(pets.pk), env_profile_ids=["live"])).profiles
    if moved == "source":
        source_update(project=project, source_id=pets.pk, api_base_url="https://evil.example/v1")
    else:
        env_profile_update(project=project, profile_id=made.pk, base_url="https://evil.example", variables={"API_TOKEN": None})
    with pytest.raises(NothingToRun, match="https://api.example:443, and are not sent to https://evil.example:443"):
        choose(project, ApiRequest(source_type="rest_api", source_id=str(pets.pk), env_profile_ids=["live"]))


def test_queries_do_not_grow_with_the_operations(project: Project, pets: ApiSource, django_assert_num_queries: Any) -> None:
    rows = [ApiOperation(source=pets, method="GET", path=f"/{number}", position=number) for number in range(50)]
    for row in ApiOperation.objects.bulk_create(rows):
        asked.definition(row, expected_behavior="Asks once.")
    with django_assert_num_queries(8):
        chosen(project)
