"""Ids of another project's rows in every place that takes one: each is refused as if there were none, and nothing of theirs changes."""

from collections.abc import Iterator
from typing import Any

import pytest

from runs.models import Batch, Target
from templates_app.models import Brand, EnvProfile, EvalDefinition
from templates_app.sources.profiles import env_profile_create
from tests import factories
from tests.contract.durable.contract import Durable
from tests.contract.durable.place import ENGINE, TEXT, Place

pytestmark = pytest.mark.django_db
Send = tuple[str, str, dict[str, Any] | None]
TASKS = {"type": "api_performance", "source_type": "rest_api", "targets": [TEXT]}
CUSTOMS = {"type": "api_performance", "source_type": "custom_evals", "targets": [TEXT]}
PROMPTS = {"type": "prompts", "targets": [ENGINE]}
API = "/api-performance"


class Theirs:
    """Another project with all that there is; `ids` by name, `profile` is the key of an environment."""

    def __init__(self) -> None:
        self.place = Place(project=factories.project())
        self.ids, project = self.place.ids, self.place.project
        self.profile = env_profile_create(project=project, key="only-theirs", name="Theirs", variables={"A": "1"}).key
        self.rival = str(Brand.objects.create(project=project, name="Rival").pk)
        self.target = str(
            Target.objects.create(project=project, source_type="custom_evals", execution_platform="demo", model_id="agent").pk
        )
        self.definition = str(EvalDefinition.objects.get(custom_eval=self.ids["dinner"]).pk)


def sent(mine: dict[str, str], theirs: Theirs) -> Iterator[Send]:
    """Everything that names something of theirs."""
    ids = theirs.ids
    yield from (("POST", "/eval-runs", body) for body in _runs(mine, theirs))
    yield "POST", "/prompts/topics/" + ids["topic price"], None
    for method, body in (("GET", None), ("PATCH", {"text": "Ours now"}), ("DELETE", None)):
        yield method, f"/prompts/{ids['price']}", body
    yield "PATCH", f"/prompts/{mine['price']}", {"topic_id": ids["topic price"]}
    yield "PATCH", f"/prompts/topics/{ids['topic price']}", {"name": "Ours"}
    yield "DELETE", f"/prompts/topics/{ids['topic price']}", None
    yield "GET", f"/prompts?topic_id={ids['topic price']}", None
    for row in (ids["eval GET /pets"], theirs.definition):
        yield "GET", f"{API}/evals/{row}", None
        yield "PATCH", f"{API}/evals/{row}", {"custom_prompt": "Ours"}
    yield "GET", f"{API}/evals?source_id={ids['pets']}", None
    yield "PATCH", f"{API}/evals/{mine['eval GET /pets']}", {"env_profile_ids": [theirs.profile]}
    for method, body in (("GET", None), ("PATCH", {"prompt": "Ours"}), ("DELETE", None)):
        yield method, f"{API}/custom-evals/{ids['dinner']}", body
    yield "GET", f"{API}/custom-evals/history?custom_eval_id={ids['dinner']}", None
    for given in (
        {"competitor": theirs.rival},
        {"prompt_competitor_group": ids["dinner"]},
        {"eval": {"env_profile_ids": [theirs.profile]}},
    ):
        yield "POST", f"{API}/custom-evals", {"prompt": "New", **given}
        yield "PATCH", f"{API}/custom-evals/{mine['dinner']}", given
    yield "GET", f"{API}/config?source_id={ids['pets']}", None
    yield from (("PUT", f"{API}/config", body) for body in _configs(mine, theirs))


def _runs(mine: dict[str, str], theirs: Theirs) -> Iterator[dict[str, Any]]:
    ids = theirs.ids
    yield {**PROMPTS, "prompt_ids": [mine["price"], ids["price"]]}
    yield {**PROMPTS, "targets": [{**ENGINE, "prompt_topic_id": ids["topic price"]}]}
    for field, value in (
        ("source_id", ids["pets"]),
        ("integration_id", ids["pets"]),
        ("operation_ids", [ids["GET /pets"]]),
        ("endpoint_ids", [mine["GET /pets"], ids["GET /pets"]]),
        ("eval_ids", [ids["eval GET /pets"]]),
        ("env_profile_ids", [theirs.profile]),
        ("custom_eval_ids", [ids["dinner"]]),
        ("eval_overrides", {ids["eval GET /pets"]: {"custom_prompt": "x"}}),
    ):
        yield {**TASKS, field: value}
    for field, value in (
        ("custom_eval_ids", [mine["dinner"], ids["dinner"]]),
        ("eval_ids", [theirs.definition]),
        ("env_profile_ids", [theirs.profile]),
        ("source_id", ids["pets"]),
        ("eval_overrides", {ids["dinner"]: {"custom_prompt": "x"}}),
    ):
        yield {**CUSTOMS, field: value}


def _configs(mine: dict[str, str], theirs: Theirs) -> Iterator[dict[str, Any]]:
    yield {"source_id": theirs.ids["pets"], "api_base_url": "https://ours.example"}
    yield {"source_id": theirs.ids["pets"], "env_vars": {"A": "2"}}
    yield {"custom_eval_ids": [theirs.ids["dinner"]]}
    yield {"targets": [{**TEXT, "id": theirs.target}]}
    yield {"source_id": mine["pets"], "operation_ids": [theirs.ids["GET /pets"]]}
    yield {"source_id": mine["pets"], "default_env_profile_id": theirs.profile}


def test_ids_of_another_project_are_unknown_everywhere() -> None:
    place, theirs = Place(), Theirs()
    api = Durable(place.project)
    before = _stored(theirs)
    answers = {(method, path, str(body)): api.send(method, path, body).status_code for method, path, body in sent(place.ids, theirs)}
    assert {asked: status for asked, status in answers.items() if status not in (400, 404, 405, 422)} == {}
    assert _stored(theirs) == before
    assert not Batch.objects.exists()
    assert len(answers) > 40


def test_an_environment_of_the_same_key_is_ones_own() -> None:
    """Both projects may have a `live`: what one sets is never the other's."""
    place, theirs = Place(), Theirs()
    Durable(place.project).put(f"{API}/config", {"env_profiles": [{"id": theirs.profile, "name": "Ours", "env_vars": {"A": "2"}}]})
    assert EnvProfile.objects.get(project=theirs.place.project, key=theirs.profile).variables() == {"A": "1"}


def _stored(theirs: Theirs) -> list[Any]:
    project = theirs.place.project
    sets = (project.prompts, project.prompt_topics, project.api_sources, project.eval_definitions, project.custom_evals)
    return [list(rows.order_by("pk").values()) for rows in (*sets, project.env_profiles, Target.objects.filter(project=project))]
