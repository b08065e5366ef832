"""POST simulate, run-eval: what is asked for is what is stored, and what cannot be stored is pointed at."""

import json
from typing import Any

import pytest
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from agents.models import Agent
from runs.models import EvalRun
from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.api.client import Api, check_contract, locations

PERSONA = {"name": "Jo", "description": "a nurse", "style": "short"}


@pytest.fixture
def simulate(owner: Api, agent: Agent) -> str:
    return f"/agents/{agent.id}/simulate"


@pytest.fixture
def run_eval(owner: Api, agent: Agent) -> str:
    return f"/agents/{agent.id}/run-eval"


def only_run() -> EvalRun:
    return EvalRun.objects.get()


def test_it_starts_a_simulation_from_an_empty_body(owner: Api, simulate: str) -> None:
    response = owner.post(simulate, {})
    assert response.status_code == 200
    check_contract("SimulateRunningBody", response.json())
    run = only_run()
    assert response.json() == {"run_id": str(run.id), "status": "running"}
    assert (run.kind, run.status, run.template, run.planned_turns) == ("simulate", "pending", None, 5)
    assert run.user_persona["name"] == "Alex"


def test_it_starts_a_simulation_without_any_body(owner: Api, simulate: str) -> None:
    assert owner.post(simulate, raw=b"", content_type="application/json").status_code == 200


def test_it_rings_for_a_worker_once_the_run_is_stored(
    owner: Api, simulate: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(simulate, {})
        owner.post(simulate, {})
    assert OrmQ.objects.count() == 1


def test_it_finds_the_agent_by_its_url_encoded_name(owner: Api) -> None:
    factories.agent(project=owner.project, name="Mara / Köchin 100%")
    assert owner.post("/agents/Mara%20%2F%20K%C3%B6chin%20100%25/simulate", {}).status_code == 200
    assert only_run().agent_name == "Mara / Köchin 100%"


def test_a_teammate_may_start_a_run_of_the_agent_and_a_stranger_may_not(teammate: Api, stranger: Api, agent: Agent) -> None:
    assert teammate.post(f"/agents/{agent.name}/simulate", {}).status_code == 200
    for name in (agent.name, str(agent.id)):
        response = stranger.post(f"/agents/{name}/simulate", {})
        assert response.status_code == 404
        assert name in response.json()["detail"]
        assert response.json()["errors"][0]["location"] == "path.agent"
    assert EvalRun.objects.count() == 1


def test_an_agent_name_with_a_nul_character_is_just_unknown(owner: Api) -> None:
    assert owner.post("/agents/a%00b/simulate", {}).status_code == 404


def test_it_stores_all_that_a_simulation_can_be_told(owner: Api, simulate: str) -> None:
    body = {
        "sessions": [
            {"name": "Monday", "time_gap_hours": 0, "turns": [{"user_message": " Hi "}]},
            {"name": "Friday", "time_gap_hours": 96, "turns": None},
        ],
        "user_persona": PERSONA,
        "config": {
            "max_sessions": 2,
            "max_turns_per_session": 3,
            "simulated_duration_hours": 0,
            "enable_proactive": False,
            "enable_diary": True,
            "enable_consolidation": True,
        },
        "model": "demo/agent",
        "config_override": {"bio": "Bakes bread.", "big5": {"openness": 0.9}},
        "user_id": "u-1",
    }
    assert owner.post(simulate, body).status_code == 200
    run = only_run()
    assert [plan["script"] for plan in run.sessions] == [[" Hi "], []]
    assert [plan["gap_minutes"] for plan in run.sessions] == [0, 96 * 60]
    assert run.user_persona == PERSONA
    assert run.simulation_config["enable_diary"] is True
    assert (run.user_id, run.agent_snapshot["model"], run.agent_snapshot["character"]["bio"]) == ("u-1", "demo/agent", "Bakes bread.")


def test_objects_may_come_as_json_text(owner: Api, run_eval: str, quality: EvalTemplate) -> None:
    body = {
        "template_id": str(quality.id),
        "user_persona": json.dumps(PERSONA),
        "simulation_config": json.dumps({"max_sessions": 2}),
        "config_override": json.dumps({"bio": "Bakes bread."}),
    }
    assert owner.post(run_eval, body).status_code == 200
    run = only_run()
    assert (run.user_persona, run.simulation_config, len(run.sessions)) == (PERSONA, {"max_sessions": 2}, 2)
    assert run.agent_snapshot["character"]["bio"] == "Bakes bread."


def test_the_older_persona_becomes_the_present_one(owner: Api, simulate: str) -> None:
    older = {"name": "Jo", "background": "A nurse.", "personality_traits": ["curious", "dry"], "communication_style": "short"}
    owner.post(simulate, {"user_persona": older})
    assert only_run().user_persona == {"name": "Jo", "description": "A nurse.\nPersonality: curious, dry", "style": "short"}


def test_a_persona_may_say_what_it_wants_and_knows(owner: Api, simulate: str) -> None:
    richer = {**PERSONA, "goal": "dinner", "facts": ["two hot plates"], "behaviours": ["impatient"], "patience": 2}
    owner.post(simulate, {"user_persona": richer})
    assert only_run().user_persona == richer


def test_zero_means_the_default_and_null_means_not_given(owner: Api, simulate: str) -> None:
    body = {"config": {"max_sessions": 0, "max_turns_per_session": 0}, "sessions": None, "user_persona": None, "config_override": None}
    assert owner.post(simulate, body).status_code == 200
    assert only_run().planned_turns == 5


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"config": {"max_sessions": 101}}, "body.config.max_sessions"),
        ({"config": {"max_turns_per_session": 501}}, "body.config.max_turns_per_session"),
        ({"config": {"simulated_duration_hours": -1}}, "body.config.simulated_duration_hours"),
        ({"config": {"inter_session_gap_hours": 8761}}, "body.config.inter_session_gap_hours"),
        ({"config": {"max_sessions": True}}, "body.config.max_sessions"),
        ({"config": {"turns": 3}}, "body.config.turns"),
        ({"config": []}, "body.config"),
        ({"sessions": {}}, "body.sessions"),
        ({"sessions": [{"turns": [{"user_message": ""}]}]}, "body.sessions[0].turns[0].user_message"),
        ({"sessions": [{}, {"time_gap_hours": "nan"}]}, "body.sessions[1].time_gap_hours"),
        ({"sessions": [None]}, "body.sessions[0]"),
        ({"user_persona": ["Jo"]}, "body.user_persona"),
        ({"user_persona": "Jo"}, "body.user_persona"),
        ({"user_persona": '{"name": "Jo", "style": NaN}'}, "body.user_persona"),
        ({"user_persona": {"description": "nobody"}}, "body.user_persona.name"),
        ({"user_persona": {**PERSONA, "age": 4}}, "body.user_persona.age"),
        ({"config_override": {"big5": {"openness": 101}}}, "body.config_override.big5.openness"),
        ({"config_override": {"big5": {"luck": 1}}}, "body.config_override.big5.luck"),
        ({"config_override": {"primary_traits": "kind"}}, "body.config_override.primary_traits"),
        ({"model": ["a"]}, "body.model"),
        ({"modle": "a"}, "body.modle"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_what_cannot_be_mapped_is_pointed_at(owner: Api, simulate: str, body: Any, place: str) -> None:
    assert locations(owner.post(simulate, body)) == [place]
    assert not EvalRun.objects.exists()


def test_several_wrong_places_are_all_named(owner: Api, simulate: str) -> None:
    response = owner.post(simulate, {"model": [], "user_persona": 3, "$schema": "https://example.com/x"})
    assert locations(response) == ["body.user_persona", "body.model"]
    assert response.json()["detail"].endswith("(1 more.)")


def test_a_persona_that_is_a_list_is_told_what_is_expected(owner: Api, simulate: str) -> None:
    assert "Must be an object, or a JSON text of one, not a list." in owner.post(simulate, {"user_persona": ["Jo"]}).json()["detail"]


def test_run_eval_takes_the_first_own_adaptation_template_unless_told_otherwise(
    owner: Api, run_eval: str, quality: EvalTemplate, adaptation: EvalTemplate
) -> None:
    factories.template(project=owner.project, name="A later one", kind="adaptation")
    factories.template(project=None, name="The system's", kind="adaptation")
    response = owner.post(run_eval, {"template_id": str(quality.id), "adaptation_template_id": ""})
    check_contract("RunningBody", response.json())
    run = only_run()
    assert (run.kind, run.template, run.adaptation_template) == ("run_eval", quality, adaptation)
    assert run.adaptation_template_snapshot["template_id"] == str(adaptation.id)


def test_the_systems_adaptation_template_comes_last(owner: Api, run_eval: str, quality: EvalTemplate) -> None:
    system = factories.template(project=None, name="The system's", kind="adaptation")
    factories.template(project=factories.project(), name="A stranger's", kind="adaptation")
    owner.post(run_eval, {"template_id": quality.name})
    assert only_run().adaptation_template == system


def test_quality_only_leaves_adaptation_out(owner: Api, run_eval: str, quality: EvalTemplate, adaptation: EvalTemplate) -> None:
    owner.post(run_eval, {"template_id": str(quality.id), "quality_only": True, "adaptation_template_id": str(adaptation.id)})
    assert only_run().adaptation_template_snapshot == {}


def test_a_template_of_another_project_is_not_there(owner: Api, run_eval: str) -> None:
    foreign = factories.template(project=factories.project(), name="Foreign")
    for name in (str(foreign.id), foreign.name):
        response = owner.post(run_eval, {"template_id": name})
        assert response.status_code == 404
        assert response.json()["errors"][0]["location"] == "body.template_id"
        assert name in response.json()["detail"]


def test_a_template_of_the_other_type_is_refused(owner: Api, run_eval: str, quality: EvalTemplate, adaptation: EvalTemplate) -> None:
    assert locations(owner.post(run_eval, {"template_id": str(adaptation.id)})) == ["body.template_id"]
    both = {"template_id": str(quality.id), "adaptation_template_id": str(quality.id)}
    assert locations(owner.post(run_eval, both)) == ["body.adaptation_template_id"]


def test_run_eval_needs_a_template(owner: Api, run_eval: str) -> None:
    response = owner.post(run_eval, {})
    assert locations(response) == ["body.template_id"]
    assert response.json()["errors"][0]["code"] == "required"


@pytest.mark.parametrize("turns", [1, 200])
def test_starting_costs_the_same_number_of_queries_however_long_the_script(
    owner: Api, run_eval: str, quality: EvalTemplate, turns: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sessions = [{"name": "One", "turns": [{"user_message": "Hi"}] * turns}]
    with django_assert_max_num_queries(10):  # key, its last use, agent, two templates with categories, savepoint, run
        assert owner.post(run_eval, {"template_id": str(quality.id), "sessions": sessions}).status_code == 200
