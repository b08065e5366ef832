"""GET and POST /agents: create or update, what an answer shows, and the pages of the list."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent
from evalhub.common.secrets import decrypt
from tests import factories
from tests.runs.api.client import Api, check_contract, locations, teammates

FULL: dict[str, Any] = {
    "name": "Mara",
    "bio": "Cooks.",
    "gender": "female",
    "language": "en",
    "personality_prompt": "You cook with little time.",
    "primary_traits": ["calm"],
    "speech_patterns": ["short sentences"],
    "true_interests": ["bread"],
    "true_dislikes": ["waste"],
    "big5": {"openness": 0.8, "conscientiousness": 0.5, "extraversion": 0.2, "agreeableness": 0.9, "neuroticism": 0.1},
    "dimensions": {
        "intellect": 60, "aesthetic": 50, "industriousness": 70, "orderliness": 40, "enthusiasm": 55,
        "assertiveness": 45, "compassion": 80, "politeness": 65, "withdrawal": 20, "volatility": 10,
    },
    "behaviors": {"response_length": "short", "question_frequency": "often", "empathy_style": "plain", "conflict_approach": "direct"},
    "preferences": {"conversation_pace": "slow", "formality": "low", "humor_style": "dry", "emotional_expression": "open"},
    "initial_goals": [{"type": "growth", "title": "Teach", "description": "Teach to cook.", "priority": 1, "related_traits": None}],
    "seed_memories": [{"content": "Grew up by the sea.", "fact_type": "past", "importance": 0.5}],
    "avatar_url": "https://example.com/a.png",
    "generate_avatar": False,
    "capabilities": {"image_generation": False},
    "proactiveMode": "off",
}  # fmt: skip


@pytest.fixture
def owner(db: None) -> Api:
    return teammates(1)[0]


def only_agent() -> Agent:
    return Agent.objects.get()


def test_it_makes_a_character_and_shows_it_with_the_contracts_keys(owner: Api) -> None:
    body = owner.post("/agents", FULL).json()
    check_contract("AgentDetailResponse", body)
    assert body["big5"]["openness"] == {"score": 80.0, "confidence": 1.0}
    for key in ("bio", "gender", "primary_traits", "behaviors", "preferences", "true_dislikes", "dimensions"):
        assert body[key] == FULL[key]
    assert (body["tenant_id"], body["project_id"], body["owner_user_id"]) == (str(owner.project.id), str(owner.project.id), "")
    character = only_agent().character
    assert (character["name"], character["language"], character["seed_memories"][0]["content"]) == ("Mara", "en", "Grew up by the sea.")
    assert "avatar_url" not in character


def test_a_name_is_enough(owner: Api) -> None:
    body = owner.post("/agents", {"name": " Mara "}).json()
    check_contract("AgentDetailResponse", body)
    assert body["name"] == "Mara"
    assert "big5" not in body


def test_a_trait_nobody_stated_has_no_confidence(owner: Api) -> None:
    body = owner.post("/agents", {"name": "Mara", "big5": {"openness": 80}, "dimensions": {"intellect": 3}}).json()
    check_contract("AgentDetailResponse", body)
    assert body["big5"]["openness"] == {"score": 80.0, "confidence": 1.0}
    assert body["big5"]["neuroticism"] == {"score": 50.0, "confidence": 0.0}
    assert "dimensions" not in body


def test_posting_the_same_name_again_changes_what_is_given_and_keeps_the_rest(owner: Api) -> None:
    first = owner.post("/agents", FULL).json()
    second = owner.post("/agents", {"name": "Mara", "bio": "Bakes.", "big5": None}).json()
    assert second == {**first, "bio": "Bakes."}


def test_an_agent_can_be_made_with_an_id_and_renamed_by_it(owner: Api) -> None:
    key = "0b8f7c1e-1111-4222-8333-444455556666"
    assert owner.post("/agents", {"name": "Mara", "agent_id": key}).json()["agent_id"] == key
    renamed = owner.post("/agents", {"name": "Marah", "agent_id": key}).json()
    assert (renamed["agent_id"], renamed["name"], only_agent().character["name"]) == (key, "Marah", "Marah")


def test_an_empty_agent_id_is_none(owner: Api) -> None:
    assert owner.post("/agents", {"name": "Mara", "agent_id": ""}).status_code == 200


def test_a_name_that_another_agent_has_is_a_conflict(owner: Api) -> None:
    owner.post("/agents", {"name": "Mara"})
    other = owner.post("/agents", {"name": "Nora"}).json()["agent_id"]
    response = owner.post("/agents", {"name": "Mara", "agent_id": other})
    assert response.status_code == 409
    assert "'Mara'" in response.json()["detail"]


def test_the_id_of_a_strangers_agent_changes_nothing_of_theirs(owner: Api) -> None:
    theirs = factories.agent(project=factories.project(), name="Theirs")
    assert owner.post("/agents", {"name": "Mine", "agent_id": str(theirs.id), "bio": "stolen"}).status_code == 409
    theirs.refresh_from_db()
    assert (theirs.name, theirs.character["bio"]) == ("Theirs", "Plans meals.")


def test_another_project_is_not_there(owner: Api) -> None:
    other = str(factories.project().id)
    assert owner.post("/agents", {"name": "Mara", "project_id": other}).status_code == 404
    assert owner.get("/agents", project_id=other).json()["items"] == []
    assert owner.post("/agents", {"name": "Mara", "project_id": str(owner.project.id)}).status_code == 200


ENDPOINT = {
    "name": "Bot",
    "kind": "webhook",
    "endpoint_url": "http://agent:9000/chat?x=1",
    "endpoint_secret": "s3cret",
    "reply_path": "data.reply",
    "timeout_seconds": 5,
}


def test_it_makes_an_endpoint_and_never_shows_its_secret(owner: Api) -> None:
    response = owner.post("/agents", ENDPOINT)
    check_contract("AgentDetailResponse", response.json())
    agent = only_agent()
    stored = {key: getattr(agent, key) for key in ENDPOINT if key != "endpoint_secret"}
    assert stored | {"endpoint_secret": "s3cret"} == ENDPOINT
    assert decrypt(agent.endpoint_secret_encrypted) == "s3cret"
    assert b"s3cret" not in response.content + owner.get("/agents").content


def test_a_secret_stays_with_its_server_and_does_not_follow_to_another(owner: Api) -> None:
    owner.post("/agents", ENDPOINT)
    owner.post("/agents", {"name": "Bot", "endpoint_url": "http://agent:9000/v2"})
    assert decrypt(only_agent().endpoint_secret_encrypted) == "s3cret"
    owner.post("/agents", {"name": "Bot", "endpoint_url": "http://elsewhere:9000/v2"})
    assert only_agent().endpoint_secret_encrypted == ""


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.name"),
        ({"name": " "}, "body.name"),
        ({"name": "x" * 201}, "body.name"),
        ({"name": "M", "agent_id": "7"}, "body.agent_id"),
        ({"name": "M", "big5": {"openness": 101}}, "body.big5.openness"),
        ({"name": "M", "big5": [1]}, "body.big5"),
        ({"name": "M", "initial_goals": [{"titel": "x"}]}, "body.initial_goals[0].titel"),
        ({"name": "M", "seed_memories": [{}]}, "body.seed_memories[0].content"),
        ({"name": "M", "primary_traits": [["a"]]}, "body.primary_traits[0]"),
        ({"name": "M", "nmae": "x"}, "body.nmae"),
        ({"name": "M", "kind": "robot"}, "body.kind"),
        ({"name": "M", "kind": "webhook"}, "body.endpoint_url"),
        ({"name": "M", "kind": "webhook", "endpoint_url": "ftp://a/b"}, "body.endpoint_url"),
        ({"name": "M", "kind": "webhook", "endpoint_url": "http://"}, "body.endpoint_url"),
        ({"name": "M", "kind": "webhook", "endpoint_url": "http://[::1"}, "body.endpoint_url"),
        ({"name": "M", "kind": "webhook", "endpoint_url": "http://u:p@host/"}, "body.endpoint_url"),
        ({"name": "M", "endpoint_url": "http://host/"}, "body.kind"),
        ({"name": "M", "timeout_seconds": 0}, "body.timeout_seconds"),
    ],
)
def test_what_cannot_be_an_agent_is_pointed_at(owner: Api, body: dict[str, Any], place: str) -> None:
    assert locations(owner.post("/agents", body)) == [place]
    assert not Agent.objects.exists()


def test_the_list_comes_in_pages_newest_first(owner: Api) -> None:
    for number in range(5):
        factories.agent(project=owner.project, name=f"Agent {number}")
    factories.agent(project=factories.project(), name="Foreign")
    names, cursor = [], ""
    while True:
        page = owner.get("/agents", page_size=2, cursor=cursor).json()
        check_contract("PaginatedAgentsResponse", page)
        assert page["total_count"] == 5
        names += [item["name"] for item in page["items"]]
        factories.agent(project=owner.project, name="Late").delete()
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    assert names == [f"Agent {number}" for number in reversed(range(5))]
    assert page["next_cursor"] == ""


def test_an_agent_made_while_somebody_pages_moves_nothing(owner: Api) -> None:
    for number in range(3):
        factories.agent(project=owner.project, name=f"Agent {number}")
    first = owner.get("/agents", page_size=2).json()
    factories.agent(project=owner.project, name="Late")
    second = owner.get("/agents", page_size=2, cursor=first["next_cursor"]).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["Agent 2", "Agent 1", "Agent 0"]


def test_the_list_is_searched_by_name(owner: Api) -> None:
    for name in ("Mara", "Tamara", "Jo"):
        factories.agent(project=owner.project, name=name)
    assert {item["name"] for item in owner.get("/agents", search="mara").json()["items"]} == {"Mara", "Tamara"}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"page_size": 0}, "query.page_size"),
        ({"page_size": 101}, "query.page_size"),
        ({"page_size": "x"}, "query.page_size"),
        ({"cursor": "zzz"}, "query.cursor"),
        ({"cursor": "MjAyNi0wMS0wMXxhYg"}, "query.cursor"),
        ({"search": "a\x00"}, "query.search"),
    ],
)
def test_a_wrong_query_is_pointed_at(owner: Api, query: dict[str, Any], place: str) -> None:
    assert locations(owner.get("/agents", **query)) == [place]


def test_the_list_costs_three_queries_whatever_its_length(owner: Api, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    owner.get("/agents")
    for number in range(10):
        factories.agent(project=owner.project, name=f"Agent {number}")
    with django_assert_num_queries(3):  # key, page, count
        assert len(owner.get("/agents", include_count="true").json()["items"]) == 10
