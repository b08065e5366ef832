"""Sources, operations entered by hand, and environments whose values never come out."""

import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from evalhub.accounts.models import Project
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition
from templates_app.sources import profiles, services
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.project()


def source(project: Project, **columns: Any) -> ApiSource:
    return services.source_create(project=project, **{"source_type": "sdk", "label": "Library", **columns})


def refused(act: Any, **given: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        act(**given)
    return error.value.message_dict


def test_a_source_keeps_what_it_is_given(project: Project) -> None:
    made = source(project, docs=" Read me ", command="python3 {file}", docs_url="https://a.example/docs?x=1", api_base_url="http://b/v1")
    assert (made.docs, made.command, made.docs_url, made.api_base_url) == (
        "Read me",
        "python3 {file}",
        "https://a.example/docs?x=1",
        "http://b/v1",
    )
    changed = services.source_update(project=project, source_id=made.pk, label="Other", command="")
    assert (changed.label, changed.command, changed.docs) == ("Other", "", "Read me")


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"label": " "}, "label"),
        ({"label": "x" * 201}, "label"),
        ({"label": "a\x00"}, "label"),
        ({"source_type": "prompts"}, "source_type"),
        ({"api_base_url": "ftp://a.example"}, "api_base_url"),
        ({"api_base_url": "https://a.example?x"}, "api_base_url"),
        ({"api_base_url": "https://me:secret@a.example"}, "api_base_url"),
        ({"api_base_url": "https://[a"}, "api_base_url"),
        ({"docs_url": "a b"}, "docs_url"),
        ({"command": "python3 'x"}, "command"),
        ({"command": "python3"}, "command"),
    ],
)
def test_a_source_that_cannot_be_is_refused_beside_its_field(project: Project, columns: Any, field: str) -> None:
    assert list(refused(source, project=project, **columns)) == [field]


def test_names_are_once_a_project(project: Project) -> None:
    source(project)
    assert list(refused(source, project=project)) == ["label"]
    assert source(factories.project())


def test_an_operation_by_hand_gets_a_definition(project: Project) -> None:
    library = source(project)
    made = services.operation_create(project=project, source_id=library.pk, path="items.create", summary="Make an item", category="items")
    services.operation_create(project=project, source_id=library.pk, path="items.list")
    assert [(each.path, each.position) for each in library.operations.all()] == [("items.create", 0), ("items.list", 1)]
    assert EvalDefinition.objects.get(operation=made).eval_type == "sdk"
    changed = services.operation_update(project=project, operation_id=made.pk, path="items.make", description="x")
    assert (changed.path, changed.summary) == ("items.make", "Make an item")
    assert list(refused(services.operation_update, project=project, operation_id=made.pk, path="items.list")) == ["path"]
    services.operation_delete(project=project, operation_id=made.pk)
    assert not EvalDefinition.objects.filter(operation_id=made.pk)


def test_operations_of_a_rest_api_are_not_edited_by_hand(project: Project) -> None:
    api = source(project, source_type="rest_api")
    with pytest.raises(ValidationError, match="come from its document"):
        services.operation_create(project=project, source_id=api.pk, path="/a")
    row = ApiOperation.objects.create(source=api, method="GET", path="/a")
    for act in (services.operation_update, services.operation_delete):
        with pytest.raises(ValidationError, match="come from its document"):
            act(project=project, operation_id=row.pk)


def test_which_operations_run_by_default_is_chosen(project: Project) -> None:
    library = source(project)
    rows = [services.operation_create(project=project, source_id=library.pk, path=name) for name in "abc"]
    services.operations_select(project=project, source_id=library.pk, keys={rows[0].pk, rows[2].pk})
    assert list(library.operations.filter(is_selected=True).values_list("path", flat=True)) == ["a", "c"]
    assert list(refused(services.operations_select, project=project, source_id=library.pk, keys={uuid.uuid4()})) == ["operation_ids"]


def test_rows_of_others_do_not_exist(project: Project) -> None:
    theirs = source(factories.project())
    row = services.operation_create(project=theirs.project, source_id=theirs.pk, path="a")
    profile = profiles.env_profile_create(project=theirs.project, name="theirs")
    for act in (
        lambda: services.source_update(project=project, source_id=theirs.pk, label="mine"),
        lambda: services.source_delete(project=project, source_id=theirs.pk),
        lambda: services.operation_create(project=project, source_id=theirs.pk, path="b"),
        lambda: services.operations_select(project=project, source_id=theirs.pk, keys=set()),
    ):
        with pytest.raises(ApiSource.DoesNotExist):
            act()
    with pytest.raises(ApiOperation.DoesNotExist):
        services.operation_delete(project=project, operation_id=row.pk)
    with pytest.raises(EnvProfile.DoesNotExist):
        profiles.env_profile_update(project=project, profile_id=profile.pk, name="mine")
    with pytest.raises(EnvProfile.DoesNotExist):
        profiles.env_profile_delete(project=project, profile_id=profile.pk)
    assert list(
        refused(
            services.source_update,
            project=theirs.project,
            source_id=theirs.pk,
            default_env_profile=profiles.env_profile_create(project=project, name="m"),
        )
    ) == ["default_env_profile"]
    assert list(refused(profiles.env_profile_create, project=project, name="x", source=theirs)) == ["source"]


def test_values_are_stored_encrypted_and_used_but_only_names_are_plain(project: Project) -> None:
    made = profiles.env_profile_create(
        project=project, name="Staging", variables={"API_KEY": "s3cret-value", "B": "2"}, base_url="https://s.example"
    )
    stored = EnvProfile.objects.filter(pk=made.pk).values().get()
    assert "s3cret" not in str(stored)
    assert (stored["key"], stored["variable_names"]) == ("staging", ["API_KEY", "B"])
    assert EnvProfile.objects.get(pk=made.pk).variables() == {"API_KEY": "s3cret-value", "B": "2"}


def test_a_value_that_is_not_given_again_stays_and_a_variable_that_is_not_named_goes(project: Project) -> None:
    made = profiles.env_profile_create(project=project, name="Staging", variables={"A": "1", "B": "2"})
    kept = profiles.env_profile_update(project=project, profile_id=made.pk, name="Stage", variables={"A": None, "C": "3"})
    assert (kept.name, kept.variables()) == ("Stage", {"A": "1", "C": "3"})
    assert profiles.env_profile_update(project=project, profile_id=made.pk, base_url="https://a.example").variables() == {
        "A": "1",
        "C": "3",
    }
    assert profiles.env_profile_update(project=project, profile_id=made.pk, variables={}).variables() == {}


def test_values_are_for_the_server_that_they_were_given_beside(project: Project) -> None:
    made = profiles.env_profile_create(project=project, name="Live", variables={"A": "1", "B": "2"}, base_url="https://a.example/v1")
    moved = profiles.env_profile_update(project=project, profile_id=made.pk, base_url="https://b.example", variables={"A": None, "B": None})
    assert (moved.variables(), moved.is_for("https://A.example:443/other"), moved.is_for("https://b.example")) == (
        {"A": "1", "B": "2"},
        True,
        False,
    )
    told = refused(profiles.env_profile_update, project=project, profile_id=made.pk, variables={"A": "3", "B": None})
    assert told == {"variables": ["B: the value was given for https://a.example:443. Enter it again, for https://b.example:443."]}
    anew = profiles.env_profile_update(project=project, profile_id=made.pk, variables={"A": "3"})
    assert (anew.is_for("https://a.example"), anew.is_for("https://b.example"), anew.is_for("http://b.example")) == (False, True, False)


def test_after_the_key_has_changed_values_are_entered_anew(project: Project, settings: Any) -> None:
    made = profiles.env_profile_create(project=project, name="Staging", variables={"A": "1"})
    settings.SECRET_KEY = "another key" * 5
    told = refused(profiles.env_profile_update, project=project, profile_id=made.pk, variables={"A": None})
    assert "entered anew" in told["variables"][0]
    assert profiles.env_profile_update(project=project, profile_id=made.pk, variables={"A": "2"}).variables() == {"A": "2"}


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"name": " "}, "name"),
        ({"key": "a b"}, "key"),
        ({"base_url": "a.example"}, "base_url"),
        ({"variables": {"1A": "x"}}, "variables"),
        ({"variables": {"A-B": "x"}}, "variables"),
        ({"variables": {"A": None}}, "variables"),
        ({"variables": {"A": "x" * 20_001}}, "variables"),
        ({"variables": {"A": "\x00"}}, "variables"),
        ({"variables": {"A": "\ud800"}}, "variables"),
        ({"variables": {f"A{n}": "x" for n in range(101)}}, "variables"),
        ({"allowed_hosts": ["http://a.example"]}, "allowed_hosts"),
        ({"allowed_hosts": ["a.example/x"]}, "allowed_hosts"),
        ({"allowed_hosts": [f"a{n}.example" for n in range(51)]}, "allowed_hosts"),
    ],
)
def test_an_environment_that_cannot_be_is_refused_beside_its_field(project: Project, columns: Any, field: str) -> None:
    assert list(refused(profiles.env_profile_create, project=project, **{"name": "A", **columns})) == [field]


def test_a_client_may_choose_the_key(project: Project) -> None:
    made = profiles.env_profile_create(
        project=project, key="prod_1", name="Prod", variables={"A": "1"}, allowed_hosts=["API.example.com", "*.b.example:8443"]
    )
    again = profiles.env_profile_update(project=project, profile_id=made.pk, name="Production")
    assert (again.pk, again.name, again.variables(), again.allowed_hosts) == (
        made.pk,
        "Production",
        {"A": "1"},
        ["api.example.com", "*.b.example:8443"],
    )
    assert [profiles.env_profile_create(project=project, name=name).key for name in ("Prod", "Prod", "本番")] == [
        "prod",
        "prod-2",
        "environment",
    ]
    assert list(refused(profiles.env_profile_create, project=project, name="x", key="prod_1")) == ["key"]
