"""GET, PUT and DELETE /eval-templates/{template}: what a change leaves alone, and whose templates can be changed."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from agents.models import Agent
from runs.models import EvalRun
from templates_app.models import EvalCategory, EvalTemplate
from templates_app.services import template_update
from tests import factories
from tests.runs.api.client import Api, check_contract, locations, teammates

WHOLE: dict[str, Any] = {
    "name": "Mine",
    "description": "What I look at.",
    "template_type": "adaptation",
    "judge_model": "gemini-3.1-pro-preview",
    "temperature": 0.7,
    "max_tokens": 100,
    "scoring_rubric": "Be strict.",
    "categories": [
        {"key": "tone", "label": "Tone", "prompt_instructions": "How it sounds."},
        {"key": "memory", "label": "Memory", "prompt_instructions": "What it knows."},
    ],
}


@pytest.fixture
def owner(db: None) -> Api:
    return teammates(1)[0]


@pytest.fixture
def mine(owner: Api) -> dict[str, Any]:
    weights = {"tone": 3.0, "memory": 0.5}
    weighted = [{**category, "weight": weights[category["key"]]} for category in WHOLE["categories"]]
    body: dict[str, Any] = owner.post("/eval-templates", {**WHOLE, "categories": weighted}).json()
    return body


@pytest.fixture
def agent(owner: Api) -> Agent:
    return factories.agent(project=owner.project)


@pytest.fixture
def system(db: None) -> EvalTemplate:
    return factories.template(project=None, name="Conversation quality")


@pytest.mark.parametrize("name", ["0123456789abcdef0123456789abcdef", "3c6a1e0e-6f0b-4d57-9f43-8b1a8a0b9d11"])
def test_a_name_that_looks_like_an_id_is_found_as_any_other(owner: Api, agent: Agent, name: str) -> None:
    made = owner.post("/eval-templates", {"name": name}).json()
    assert owner.get(f"/eval-templates/{name}").json() == made
    assert owner.post(f"/agents/{agent.name}/run-eval", {"template_id": name, "quality_only": True}).status_code == 200
    assert owner.delete(f"/eval-templates/{name}").status_code == 200


def weights() -> dict[str, float]:
    return dict(EvalCategory.objects.values_list("key", "weight"))


def address(template: dict[str, Any]) -> str:
    return f"/eval-templates/{template['template_id']}"


def changed(before: dict[str, Any], after: Any) -> dict[str, Any]:
    """What of a template is different; its `updated_at` must be."""
    assert after.status_code == 200, after.content
    body = after.json()
    check_contract("EvalTemplate", body)
    different = {key: value for key, value in body.items() if value != before[key]}
    assert different.pop("updated_at") > before["updated_at"]
    return different


def test_it_is_read_by_its_id_and_by_its_name(owner: Api, mine: dict[str, Any], system: EvalTemplate) -> None:
    check_contract("EvalTemplate", mine)
    assert owner.get(address(mine)).json() == mine
    assert owner.get("/eval-templates/Mine").json() == mine
    assert owner.get(f"/eval-templates/{quote('Conversation quality')}").json()["is_system"] is True


def test_a_name_may_hold_a_slash(owner: Api) -> None:
    made = owner.post("/eval-templates", {"name": "tone/v2"}).json()
    assert owner.get("/eval-templates/tone%2Fv2").json() == made


@pytest.mark.parametrize("key", [key for key in WHOLE if key != "categories"])
def test_putting_one_key_changes_that_one(owner: Api, mine: dict[str, Any], key: str) -> None:
    other = {"template_type": "quality", "temperature": 0.0, "max_tokens": 1}.get(key, "other")
    assert changed(mine, owner.put(address(mine), {key: other})) == {key: other}
    assert weights() == {"tone": 3.0, "memory": 0.5}


def test_texts_can_be_emptied_but_for_the_name(owner: Api, mine: dict[str, Any]) -> None:
    empty = {"description": "", "judge_model": "", "scoring_rubric": ""}
    assert changed(mine, owner.put(address(mine), empty)) == empty
    assert locations(owner.put(address(mine), {"name": ""})) == ["body.name"]


@pytest.mark.parametrize("body", [{}, {"template_type": ""}, {"name": None, "categories": None, "max_tokens": None}, {"$schema": "x"}])
def test_what_says_nothing_changes_nothing(owner: Api, mine: dict[str, Any], body: dict[str, Any]) -> None:
    assert changed(mine, owner.put(address(mine), body)) == {}


def test_a_client_that_reads_edits_and_writes_loses_no_weight(owner: Api, mine: dict[str, Any]) -> None:
    read = owner.get(address(mine)).json()
    edited = [*reversed(read["categories"]), {"key": "", "label": "New one", "prompt_instructions": ""}]
    edited[0]["label"] = "What it remembers"
    answer = owner.put(address(mine), {"categories": edited})
    assert [category["key"] for category in answer.json()["categories"]] == ["memory", "tone", "new-one"]
    assert changed(mine, answer) == {"categories": answer.json()["categories"]}
    assert answer.json()["categories"][0]["label"] == "What it remembers"
    assert weights() == {"memory": 0.5, "tone": 3.0, "new-one": 1.0}


def test_categories_are_replaced_as_a_whole(owner: Api, mine: dict[str, Any]) -> None:
    owner.put(address(mine), {"categories": [{"key": "tone", "label": "Tone", "weight": 2}, "Honesty"]})
    assert weights() == {"tone": 2.0, "honesty": 1.0}
    assert [item["key"] for item in owner.put(address(mine), {"categories": []}).json()["categories"]] == ["overall"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"template_type": "fancy"}, "body.template_type"),
        ({"temperature": 2.1}, "body.temperature"),
        ({"max_tokens": 0}, "body.max_tokens"),
        ({"name": "x" * 201}, "body.name"),
        ({"categories": [{"key": "tone", "label": "Tone", "weight": 0}]}, "body.categories"),
        ({"categories": [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]}, "body.categories[1].key"),
        ({"is_system": True}, "body.is_system"),
    ],
)
def test_a_change_that_cannot_be_is_pointed_at_and_changes_nothing(
    owner: Api, mine: dict[str, Any], body: dict[str, Any], place: str
) -> None:
    assert locations(owner.put(address(mine), {"description": "half", **body})) == [place]
    assert owner.get(address(mine)).json() == mine


def test_it_can_be_deleted_once(owner: Api, mine: dict[str, Any]) -> None:
    answer = owner.delete(address(mine))
    check_contract("DeleteEvalTemplateOutputBody", answer.json())
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert not EvalTemplate.objects.exists()
    assert not EvalCategory.objects.exists()
    assert [owner.delete(address(mine)).status_code, owner.get(address(mine)).status_code] == [404, 404]


def test_a_run_outlives_its_templates(owner: Api) -> None:
    run = factories.finished_run(project=owner.project)
    before = owner.get(f"/eval-runs/{run.id}").json()
    for template in (run.template, run.adaptation_template):
        assert owner.delete(f"/eval-templates/{template.id}").status_code == 200
    assert owner.get(f"/eval-runs/{run.id}").json() == before
    assert before["template_id"] == before["template_snapshot"]["template_id"] != ""


def test_a_run_keeps_the_rubric_it_started_with(owner: Api, mine: dict[str, Any]) -> None:
    agent: Agent = factories.agent(project=owner.project, model="demo/agent")
    owner.put(address(mine), {"template_type": "quality"})
    started = owner.post(f"/agents/{agent.id}/run-eval", {"template_id": mine["template_id"], "quality_only": True}).json()
    owner.put(address(mine), {"scoring_rubric": "Be kind.", "categories": ["Other"]})
    frozen = EvalRun.objects.get(pk=started["run_id"]).template_snapshot
    assert frozen["scoring_rubric"] == "Be strict."
    assert [category["key"] for category in frozen["categories"]] == ["tone", "memory"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_system_template_stays_as_it_is(owner: Api, system: EvalTemplate, method: str) -> None:
    before = owner.get(f"/eval-templates/{system.id}").json()
    refusal = owner.send(method, f"/eval-templates/{system.id}", {"name": "Ours now"} if method == "PUT" else None)
    assert refusal.status_code == 403
    assert "'Conversation quality' is a system template" in refusal.json()["detail"]
    assert owner.get(f"/eval-templates/{system.id}").json() == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_strangers_template_is_refused_as_one_that_never_was(mine: dict[str, Any], method: str) -> None:
    stranger = Api(factories.project())
    never = {"template_id": str(uuid.UUID(int=9))}
    answers = [stranger.send(method, address(template), {} if method == "PUT" else None) for template in (mine, never)]
    assert [answer.status_code for answer in answers] == [404, 404]
    said = [answer.json()["detail"] for answer in answers]
    assert said[0].replace(mine["template_id"], never["template_id"]) == said[1]
    assert EvalTemplate.objects.count() == 1


@pytest.mark.parametrize(("method", "needed"), [("GET", "read"), ("PUT", "write"), ("DELETE", "write")])
def test_each_method_needs_its_scope(owner: Api, mine: dict[str, Any], method: str, needed: str) -> None:
    others = [scope for scope in ("read", "run", "write") if scope != needed]
    refusal = Api(owner.project, others).send(method, address(mine), {} if method == "PUT" else None)
    assert (refusal.status_code, refusal.json()["required_scope"]) == (403, needed)
    assert Api(owner.project, [needed]).send(method, address(mine), {} if method == "PUT" else None).status_code == 200


def test_a_nul_in_a_name_is_a_name_of_nothing(owner: Api) -> None:
    assert owner.get("/eval-templates/a%00b").status_code == 404


def test_a_column_that_is_not_to_be_set_is_a_mistake_of_the_caller(owner: Api, mine: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="slug"):
        template_update(template_id=uuid.UUID(mine["template_id"]), project=owner.project, slug="x")
