"""Sources, and what runs by default: read it, change it in parts, all or nothing, and never read a secret back."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import ModelProvider
from runs.models import Target
from templates_app.models import ApiSource, CustomEval, EnvProfile
from tests import factories
from tests.contract.durable.contract import Durable, places
from tests.contract.durable.place import NOWHERE, TEXT, Place

pytestmark = pytest.mark.django_db
SOURCES, CONFIG = "/api-performance/sources", "/api-performance/config"


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def api(place: Place) -> Durable:
    return Durable(place.project)


@pytest.fixture
def pets(place: Place) -> str:
    return place.ids["pets"]


def test_sources_are_listed_with_what_is_known_of_them(api: Durable, place: Place, pets: str) -> None:
    place.target("rest_api", "pets", frequency="weekly")
    place.target("custom_evals")
    staging = EnvProfile.objects.get(key="staging")
    staging.set_variables({"TOKEN": "s3cret"})
    staging.save()
    ApiSource.objects.filter(pk=pets).update(default_env_profile=staging, model_names=["gpt"], docs_url="https://docs.example")
    told = api.get(SOURCES).json()
    assert [row["label"] for row in told["data"]] == ["pets", "tool"]
    row = told["data"][0]
    (target,) = row["targets"]
    assert {key: row[key] for key in ("id", "type", "label", "operation_count")} == {
        "id": pets,
        "type": "rest_api",
        "label": "pets",
        "operation_count": 3,
    }
    assert row["metadata"] == {
        "api_base_url": "https://pets.example",
        "docs_url": "https://docs.example",
        "default_env_profile_id": "staging",
        "env_var_keys": ["TOKEN"],
        "env_profiles": [
            {"id": "live", "name": "Live", "env_var_keys": []},
            {"id": "staging", "name": "Staging", "env_var_keys": ["TOKEN"]},
        ],
        "models": ["gpt"],
        "eval_types": ["rest_api"],
    }
    assert (target["source_id"], target["target_type"], target["frequency"], target["enabled"]) == (pets, "text", "weekly", True)
    assert b"s3cret" not in api.get(SOURCES).content


@pytest.mark.parametrize("sent", ["true", "false"])
def test_there_are_no_sources_of_the_system(api: Durable, sent: str) -> None:
    assert len(api.get(SOURCES, include_system=sent).json()["data"]) == 2


def test_the_config_of_a_source(api: Durable, place: Place, pets: str) -> None:
    place.target("rest_api", "pets")
    told = api.get(CONFIG, source_id=pets).json()
    assert told["operation_ids"] == [place.ids[name] for name in ("GET /pets", "POST /pets", "GET /shops")]
    assert told["custom_eval_ids"] == [place.ids["dinner"], place.ids["refund"]]
    assert (told["models"], told["source_id"], told["api_base_url"]) == ([], pets, "https://pets.example")
    assert [each["id"] for each in told["env_profiles"]] == ["live", "staging"]
    assert (told["env_var_keys"], told["default_env_profile_id"], told["can_configure_per_model_schedules"]) == ([], None, True)
    assert [each["model_id"] for each in told["targets"]] == ["agent"]
    assert api.get(CONFIG, integration_id=pets).json() == told


def test_without_a_source_it_is_the_config_of_the_custom_evals(api: Durable, place: Place) -> None:
    place.target("custom_evals", frequency="manual")
    place.target("rest_api", "pets")
    told = api.get(CONFIG).json()
    assert (told["source_id"], told["api_base_url"], told["operation_ids"], told["models"]) == (None, None, [], [])
    assert [each["frequency"] for each in told["targets"]] == ["manual"]
    assert len(told["custom_eval_ids"]) == 2


@pytest.mark.parametrize("named", [NOWHERE, "pets", ""])
def test_a_source_that_is_not_there_is_404(api: Durable, named: str) -> None:
    for response in (api.get(CONFIG, source_id=named), api.put(CONFIG, {"source_id": named}), api.put(CONFIG, {"integration_id": named})):
        assert (response.status_code, response.json()) == (404, {"detail": "Source not found"})


def test_nothing_that_is_sent_changes_nothing(api: Durable, pets: str) -> None:
    before = api.get(CONFIG, source_id=pets).json()
    names = ("models", "targets", "operation_ids", "custom_eval_ids", "env_vars", "env_profiles", "default_env_profile_id", "api_base_url")
    assert api.put(CONFIG, {"source_id": pets}).json() == before
    assert api.put(CONFIG, {"source_id": pets, **dict.fromkeys(names), "of_a_later_version": 1}).json() == before


def test_every_part_of_it_can_be_changed_at_once(api: Durable, place: Place, pets: str) -> None:
    body = {
        "source_id": pets,
        "models": ["demo/agent", "demo/agent"],
        "targets": [{**TEXT, "frequency": "weekly"}],
        "operation_ids": [place.ids["POST /pets"]],
        "custom_eval_ids": [place.ids["refund"]],
        "env_profiles": [{"id": "staging", "name": "Test system", "env_vars": {"TOKEN": "s3cret"}}],
        "default_env_profile_id": "staging",
        "api_base_url": "https://new.example/v2",
    }
    told = api.put(CONFIG, body).json()
    assert told == api.get(CONFIG, source_id=pets).json()
    assert (told["models"], told["api_base_url"], told["default_env_profile_id"]) == (["demo/agent"], "https://new.example/v2", "staging")
    assert (told["operation_ids"], told["custom_eval_ids"]) == ([place.ids["POST /pets"]], [place.ids["refund"]])
    assert told["env_profiles"][1] == {"id": "staging", "name": "Test system", "env_var_keys": ["TOKEN"]}
    assert told["env_var_keys"] == ["TOKEN"]
    (target,) = told["targets"]
    assert (target["frequency"], target["enabled"]) == ("weekly", True)
    assert target["next_run_at"]
    assert EnvProfile.objects.get(key="staging").variables() == {"TOKEN": "s3cret"}


def test_what_is_configured_is_what_runs(api: Durable, place: Place, pets: str) -> None:
    api.put(CONFIG, {"source_id": pets, "targets": [TEXT], "endpoint_ids": [place.ids["POST /pets"]]})
    told = api.post("/eval-runs", {"type": "api_performance", "source_type": "rest_api"}).json()
    assert (told["progress"]["total"], told["model_count"]) == (1, 1)


def test_targets_that_stay_keep_their_id_and_the_others_go(api: Durable, place: Place, pets: str) -> None:
    ModelProvider.objects.create(project=place.project, name="other", base_url="http://127.0.0.1:1/v1")
    other = {"target_type": "text", "execution_platform": "other", "model_id": "m", "frequency": "manual", "enabled": False}
    first = api.put(CONFIG, {"source_id": pets, "targets": [TEXT, other]}).json()["targets"]
    assert [(each["model_id"], each["frequency"], each["enabled"]) for each in first] == [("agent", "daily", True), ("m", "manual", False)]
    # As a client sends back what it read, times and all.
    second = api.put(CONFIG, {"source_id": pets, "targets": [{**first[0], "enabled": False}]}).json()["targets"]
    assert [(each["id"], each["enabled"]) for each in second] == [(first[0]["id"], False)]
    assert api.put(CONFIG, {"source_id": pets, "targets": []}).json()["targets"] == []
    assert not Target.objects.exists()


def test_targets_without_a_source_are_those_of_the_custom_evals(api: Durable, pets: str) -> None:
    api.put(CONFIG, {"targets": [TEXT]})
    assert Target.objects.get().source_type == "custom_evals"
    assert api.get(CONFIG, source_id=pets).json()["targets"] == []
    assert api.post("/eval-runs", {"type": "api_performance", "source_type": "custom_evals"}).json()["progress"]["total"] == 2


def test_environments_are_made_renamed_and_removed_by_their_ids(api: Durable, pets: str) -> None:
    api.put(CONFIG, {"source_id": pets, "env_profiles": [{"id": "eu", "name": "Europe", "env_vars": {"KEY": "1"}}]})
    assert EnvProfile.objects.get(key="eu").source_id == ApiSource.objects.get(pk=pets).pk
    assert EnvProfile.objects.filter(key__in=["staging", "live"]).count() == 2  # for all sources, so not one's to remove
    renamed = api.put(CONFIG, {"source_id": pets, "env_profiles": [{"id": "eu", "name": "EU"}]}).json()["env_profiles"]
    assert {"id": "eu", "name": "EU", "env_var_keys": ["KEY"]} in renamed
    emptied = api.put(CONFIG, {"source_id": pets, "env_profiles": [{"id": "eu", "name": "EU", "env_vars": {}}]}).json()["env_profiles"]
    assert {"id": "eu", "name": "EU", "env_var_keys": []} in emptied
    assert [each["id"] for each in api.put(CONFIG, {"source_id": pets, "env_profiles": []}).json()["env_profiles"]] == ["live", "staging"]
    assert api.put(CONFIG, {"env_profiles": [{"id": "live", "name": "Live"}]}).json()["env_profiles"][0]["id"] == "live"
    assert not EnvProfile.objects.filter(key="staging").exists()


def test_legacy_variables_are_those_of_the_default_environment(api: Durable, pets: str) -> None:
    told = api.put(CONFIG, {"source_id": pets, "env_vars": {"TOKEN": "a"}}).json()
    assert (told["default_env_profile_id"], told["env_var_keys"]) == ("default", ["TOKEN"])
    api.put(CONFIG, {"source_id": pets, "env_vars": {"OTHER": "b"}})
    assert EnvProfile.objects.get(key="default").variables() == {"OTHER": "b"}
    assert api.put(CONFIG, {"env_vars": {"SHARED": "c"}}).json()["env_var_keys"] == ["SHARED"]
    assert EnvProfile.objects.get(source=None, name="Default").variables() == {"SHARED": "c"}


def test_variables_make_a_default_environment_where_the_same_change_removes_it(api: Durable, pets: str) -> None:
    api.put(CONFIG, {"source_id": pets, "env_vars": {"OLD": "1"}})
    changed = {"source_id": pets, "env_profiles": [{"id": "eu", "name": "Europe"}], "env_vars": {"NEW": "2"}}
    told = api.put(CONFIG, changed).json()
    of_source = {each["id"]: each["env_var_keys"] for each in told["env_profiles"] if each["id"] not in ("live", "staging")}
    assert of_source == {"eu": [], told["default_env_profile_id"]: ["NEW"]}


def test_an_empty_id_takes_the_default_environment_away(api: Durable, pets: str) -> None:
    api.put(CONFIG, {"source_id": pets, "default_env_profile_id": "live"})
    assert api.put(CONFIG, {"source_id": pets, "default_env_profile_id": ""}).json()["default_env_profile_id"] is None


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"models": ["nobody/x"]}, "body.models.0"),
        ({"models": "gpt"}, "body.models"),
        ({"models": ["demo/agent"] + [f"m{number}" for number in range(101)]}, "body.models"),
        ({"targets": [{**TEXT, "model_id": "nobody"}]}, "body.targets.0.model_id"),
        ({"targets": [TEXT, TEXT]}, "body.targets.1.model_id"),
        ({"targets": [{**TEXT, "frequency": "hourly"}]}, "body.targets.0.frequency"),
        ({"targets": [{**TEXT, "source_id": NOWHERE}]}, "body.targets.0.source_id"),
        ({"targets": [{"target_type": "text"}]}, "body.targets.0.execution_platform"),
        ({"operation_ids": [NOWHERE]}, "body.operation_ids"),
        ({"operation_ids": ["x"]}, "body.operation_ids"),
        ({"endpoint_ids": [NOWHERE]}, "body.endpoint_ids"),
        ({"custom_eval_ids": [NOWHERE]}, "body.custom_eval_ids"),
        ({"env_vars": {"A": 1}}, "body.env_vars.A"),
        ({"env_vars": {"no name": "x"}}, "body.env_vars"),
        ({"env_profiles": [{"id": "a", "name": ""}]}, "body.env_profiles.0.name"),
        ({"env_profiles": [{"id": "", "name": "A"}]}, "body.env_profiles.0.id"),
        ({"env_profiles": [{"id": "a b", "name": "A"}]}, "body.env_profiles.0.id"),
        ({"env_profiles": [{"id": "a", "name": "A", "env_vars": {"1x": "y"}}]}, "body.env_profiles.0.env_vars"),
        ({"env_profiles": [{"name": "A"}]}, "body.env_profiles.0.id"),
        ({"env_profiles": [{"id": f"a{n}", "name": "A"} for n in range(201)]}, "body.env_profiles"),
        ({"env_profiles": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}, {"id": "a", "name": "C"}]}, "body.env_profiles.2.id"),
        ({"default_env_profile_id": "nobody"}, "body.default_env_profile_id"),
        ({"api_base_url": "ftp://x"}, "body.api_base_url"),
        ({"api_base_url": 5}, "body.api_base_url"),
    ],
)
def test_one_mistake_keeps_all_of_it_back_and_is_told_with_its_place(api: Durable, pets: str, body: dict[str, Any], where: str) -> None:
    before = api.get(CONFIG, source_id=pets).json()
    response = api.put(CONFIG, {"source_id": pets, "api_base_url": "https://changed.example", "env_vars": {"A": "b"}, **body})
    assert places(response)[0] == where
    assert api.get(CONFIG, source_id=pets).json() == before


@pytest.mark.parametrize(
    "body", [{"models": []}, {"operation_ids": []}, {"default_env_profile_id": "live"}, {"api_base_url": "https://x.example"}]
)
def test_what_belongs_to_a_source_needs_one(api: Durable, body: dict[str, Any]) -> None:
    assert places(api.put(CONFIG, body)) == [f"body.{next(iter(body))}"]


def test_a_target_of_another_source_is_not_known(api: Durable, place: Place, pets: str) -> None:
    row = place.target("cli", "tool")
    response = api.put(CONFIG, {"source_id": pets, "targets": [{**TEXT, "id": str(row.pk)}]})
    assert response.status_code == 404


def test_an_environment_of_another_source_is_not_taken_over(api: Durable, place: Place, pets: str) -> None:
    api.put(CONFIG, {"source_id": place.ids["tool"], "env_profiles": [{"id": "mine", "name": "Mine", "env_vars": {"A": "b"}}]})
    response = api.put(CONFIG, {"source_id": pets, "env_profiles": [{"id": "mine", "name": "Yours", "env_vars": {"A": "c"}}]})
    assert places(response) == ["body.env_profiles.0.id"]
    assert places(api.put(CONFIG, {"source_id": pets, "default_env_profile_id": "mine"})) == ["body.default_env_profile_id"]
    assert EnvProfile.objects.get(key="mine").variables() == {"A": "b"}


def test_the_config_of_others_is_not_there(api: Durable, place: Place, pets: str) -> None:
    stranger = Durable(factories.project())
    assert stranger.get(SOURCES).json()["data"] == []
    assert stranger.get(CONFIG, source_id=pets).status_code == 404
    assert stranger.put(CONFIG, {"source_id": pets, "models": []}).status_code == 404
    assert places(stranger.put(CONFIG, {"custom_eval_ids": [place.ids["dinner"]]})) == ["body.custom_eval_ids"]
    assert stranger.put(CONFIG, {"custom_eval_ids": [], "env_profiles": []}).status_code == 200
    assert CustomEval.objects.filter(project=place.project, is_selected=True).count() == 2
    assert EnvProfile.objects.filter(project=place.project).count() == 2


@pytest.mark.parametrize("scope", ["read", "run"])
def test_changing_it_needs_the_scope_to_write(api: Durable, scope: str) -> None:
    assert Durable(api.project, [scope]).put(CONFIG, {}).status_code == 403


@pytest.mark.parametrize("many", [1, 30])
def test_the_queries_do_not_grow(api: Durable, place: Place, many: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(many):
        place.source(f"source {number}", "sdk")
        place.target("sdk", f"source {number}")
        EnvProfile.objects.create(project=place.project, key=f"p{number}", name=f"P{number}")
    api.get("/auth/status")
    with django_assert_num_queries(1 + 4):
        api.get(SOURCES)
    with django_assert_num_queries(1 + 5):
        api.get(CONFIG, source_id=place.ids["pets"])
