"""GET and DELETE /agents/{agent}, and PATCH of its profile."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from agents.models import Agent
from agents.services import agent_update
from evalhub.common.secrets import decrypt
from tests import factories
from tests.agents.test_api import ENDPOINT, FULL
from tests.runs.api.client import Api, check_contract, locations, teammates

# As the published client sends it: big5, dimensions, avatar_url and tool_capabilities are none of the contract's keys.
PROFILE: dict[str, Any] = {
    "name": "Marah",
    "bio": "Bakes.",
    "avatar_url": "https://example.com/b.png",
    "personality_prompt": "You bake.",
    "speech_patterns": ["long sentences"],
    "true_interests": [],
    "true_dislikes": ["noise"],
    "big5": {"openness": 10.0, "conscientiousness": 20.0, "extraversion": 30.0, "agreeableness": 40.0, "neuroticism": 50.0},
    "dimensions": {**FULL["dimensions"], "intellect": 5.0},
    "tool_capabilities": {"web_search": True, "remember_name": False, "image_generation": False},
}


@pytest.fixture
def owner(db: None) -> Api:
    return teammates(1)[0]


@pytest.fixture
def mara(owner: Api) -> dict[str, Any]:
    body: dict[str, Any] = owner.post("/agents", FULL).json()
    return body


def address(agent: dict[str, Any], more: str = "") -> str:
    return f"/agents/{agent['agent_id']}{more}"


def test_it_is_read_by_its_id_and_by_its_name(owner: Api, mara: dict[str, Any]) -> None:
    check_contract("AgentDetailResponse", mara)
    assert owner.get(address(mara)).json() == mara
    assert owner.get("/agents/Mara").json() == mara


@pytest.mark.parametrize("name", ["Mara Müller", "support/v2", "100 %", "a?b#c", "profile", "x/profiles"])
def test_a_name_may_hold_any_character(owner: Api, name: str) -> None:
    made = owner.post("/agents", {"name": name}).json()
    path = f"/agents/{quote(name, safe='')}"
    assert owner.get(path).json() == made
    assert owner.patch(f"{path}/profile", {"bio": "New."}).json() == {"success": True}
    assert owner.get(path).json()["bio"] == "New."
    assert owner.delete(path).status_code == 200


def test_a_profile_as_the_published_client_sends_it(owner: Api, mara: dict[str, Any]) -> None:
    answer = owner.patch(address(mara, "/profile"), PROFILE)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    check_contract("UpdateAgentProfileOutputBody", answer.json())
    now = owner.get(address(mara)).json()
    different = {key for key in now if now[key] != mara.get(key)}
    assert different == PROFILE.keys() - {"avatar_url", "tool_capabilities"}
    for key in different - {"big5"}:
        assert now[key] == PROFILE[key]
    assert now["big5"]["openness"] == {"score": 10.0, "confidence": 1.0}
    assert Agent.objects.get().character["name"] == "Marah"


@pytest.mark.parametrize("body", [{}, {"name": None, "bio": None}, {"avatar_url": "x"}])
def test_a_profile_that_says_nothing_changes_nothing(owner: Api, mara: dict[str, Any], body: dict[str, Any]) -> None:
    assert owner.patch(address(mara, "/profile"), body).status_code == 200
    assert owner.get(address(mara)).json() == mara


def test_a_profile_leaves_an_endpoint_and_its_secret_alone(owner: Api) -> None:
    made = owner.post("/agents", ENDPOINT).json()
    before = Agent.objects.get()
    assert owner.patch(address(made, "/profile"), {"name": "Bot 2"}).status_code == 200
    after = Agent.objects.get()
    assert after.name == "Bot 2"
    assert (after.endpoint_url, after.endpoint_secret_encrypted) == (before.endpoint_url, before.endpoint_secret_encrypted)


def test_a_profile_says_where_an_endpoint_has_moved_and_a_secret_stays_with_its_server(owner: Api) -> None:
    made = owner.post("/agents", ENDPOINT).json()
    moved = {"endpoint_url": "https://elsewhere.example.org/chat", "timeout_seconds": 7, "language": "German"}
    assert owner.patch(address(made, "/profile"), moved).status_code == 200
    after = Agent.objects.get()
    assert (after.endpoint_url, after.timeout_seconds, after.character["language"]) == tuple(moved.values())
    assert after.endpoint_secret_encrypted == ""
    assert owner.patch(address(made, "/profile"), {"endpoint_secret": "s3"}).status_code == 200
    assert decrypt(Agent.objects.get().endpoint_secret_encrypted) == "s3"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"name": ""}, "body.name"),
        ({"name": "x" * 201}, "body.name"),
        ({"bio": 3}, "body.bio"),
        ({"speech_patterns": "short"}, "body.speech_patterns"),
        ({"big5": {"openness": 101}}, "body.big5.openness"),
        ({"endpoint_url": "ftp://x"}, "body.endpoint_url"),
        ({"agent_id": "3c6a1e0e-6f0b-4d57-9f43-8b1a8a0b9d11"}, "body.agent_id"),
    ],
)
def test_a_profile_that_cannot_be_is_pointed_at(owner: Api, mara: dict[str, Any], body: dict[str, Any], place: str) -> None:
    assert locations(owner.patch(address(mara, "/profile"), {"true_dislikes": ["half"], **body})) == [place]
    assert owner.get(address(mara)).json() == mara


def test_the_name_of_another_agent_is_a_conflict(owner: Api, mara: dict[str, Any]) -> None:
    owner.post("/agents", {"name": "Nora"})
    refusal = owner.patch(address(mara, "/profile"), {"name": "Nora"})
    assert (refusal.status_code, refusal.json()["resource"]) == (409, "agent")
    assert "'Nora'" in refusal.json()["detail"]


def test_it_can_be_deleted_once(owner: Api, mara: dict[str, Any]) -> None:
    answer = owner.delete(address(mara))
    check_contract("DeleteAgentOutputBody", answer.json())
    assert (answer.status_code, answer.json()) == (200, {"success": True, "status": "ok", "deleted": {"agents": 1}, "errors": []})
    assert not Agent.objects.exists()
    assert [owner.get(address(mara)).status_code, owner.delete(address(mara)).status_code] == [404, 404]
    assert owner.patch(address(mara, "/profile"), {"bio": "x"}).status_code == 404


def test_its_name_is_free_again(owner: Api, mara: dict[str, Any]) -> None:
    owner.delete(address(mara))
    again = owner.post("/agents", {"name": "Mara"}).json()
    assert again["agent_id"] != mara["agent_id"]
    assert "bio" not in again


def test_its_runs_outlive_it(owner: Api) -> None:
    run = factories.finished_run(project=owner.project)
    before = owner.get(f"/eval-runs/{run.id}").json()
    assert owner.delete(f"/agents/{run.agent_id}").status_code == 200
    assert owner.get(f"/eval-runs/{run.id}").json() == before
    assert before["agent_id"] == str(run.agent_id)


@pytest.mark.parametrize(("method", "more"), [("GET", ""), ("DELETE", ""), ("PATCH", "/profile")])
def test_a_strangers_agent_is_refused_as_one_that_never_was(mara: dict[str, Any], method: str, more: str) -> None:
    stranger = Api(factories.project())
    never = {"agent_id": str(uuid.UUID(int=9))}
    answers = [stranger.send(method, address(agent, more), {} if more else None) for agent in (mara, never)]
    assert [answer.status_code for answer in answers] == [404, 404]
    said = [answer.json()["detail"] for answer in answers]
    assert said[0].replace(mara["agent_id"], never["agent_id"]) == said[1]
    assert stranger.send(method, f"/agents/Mara{more}", {} if more else None).status_code == 404
    assert Agent.objects.get().character["bio"] == FULL["bio"]


@pytest.mark.parametrize(("method", "more", "needed"), [("GET", "", "read"), ("PATCH", "/profile", "write"), ("DELETE", "", "write")])
def test_each_method_needs_its_scope(owner: Api, mara: dict[str, Any], method: str, more: str, needed: str) -> None:
    others = [scope for scope in ("read", "run", "write") if scope != needed]
    refusal = Api(owner.project, others).send(method, address(mara, more), {} if more else None)
    assert (refusal.status_code, refusal.json()["required_scope"]) == (403, needed)
    assert Api(owner.project, [needed]).send(method, address(mara, more), {} if more else None).status_code == 200


def test_an_agent_that_is_gone_is_not_made_anew_by_a_change(owner: Api, mara: dict[str, Any]) -> None:
    Agent.objects.all().delete()
    with pytest.raises(Agent.DoesNotExist):
        agent_update(agent_id=uuid.UUID(mara["agent_id"]), project=owner.project, name="Ghost", character={})
    assert not Agent.objects.exists()


@pytest.mark.parametrize("asked", ["true", "false", ""])
def test_the_list_counts_whether_it_is_asked_to_or_not(owner: Api, mara: dict[str, Any], asked: str) -> None:
    page = owner.get("/agents", include_count=asked).json()
    check_contract("PaginatedAgentsResponse", page)
    assert page["total_count"] == 1
