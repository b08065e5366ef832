"""Prompts and topics: list with filters, create many at once, change, remove, and what there is to choose from."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Harness, ModelProvider
from templates_app.models import Prompt, PromptTag, PromptTopic
from tests import factories
from tests.contract.durable.contract import Durable, places
from tests.contract.durable.place import NOWHERE

pytestmark = pytest.mark.django_db
PROMPTS, TOPICS = "/prompts", "/prompts/topics"


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


@pytest.fixture
def topic(api: Durable) -> str:
    key: str = api.post(TOPICS, {"name": "Pricing"}).json()["id"]
    return key


def make(api: Durable, topic: str, *texts: str, **more: Any) -> list[dict[str, Any]]:
    made = api.post(PROMPTS, {"prompts": [{"topic_id": topic, "text": text, **more} for text in texts]}).json()
    assert made["errors"] == []
    rows: list[dict[str, Any]] = made["created"]
    return rows


def texts(response: Any) -> set[str]:
    body = response.json()
    assert body["count"] == len(body["data"])
    return {row["text"] for row in body["data"]}


def test_a_prompt_has_its_topic_platforms_and_tags(api: Durable, topic: str) -> None:
    (made,) = make(api, topic, "Which tool is best?", platform_ids=["demo", "codex", "elsewhere"])
    prompt = Prompt.objects.get(pk=made["id"])
    tag = PromptTag.objects.create(project=api.project, name="launch")
    prompt.tags.add(tag)
    got = api.get(f"{PROMPTS}/{made['id']}").json()
    assert {**got, "topic": got["topic"]["name"], "tags": [each["name"] for each in got["tags"]]} == {
        "id": str(prompt.pk),
        "topic_id": topic,
        "text": "Which tool is best?",
        "language_id": None,
        "region_id": None,
        "is_active": True,
        "status": "active",
        "topic": "Pricing",
        "platforms": [
            {"id": "demo", "name": "Demo models"},
            {"id": "codex", "name": "Codex"},
            {"id": "elsewhere", "name": "elsewhere"},
        ],
        "tags": ["launch"],
        "created_at": prompt.created_at.isoformat(),
        "updated_at": prompt.updated_at.isoformat(),
    }


def test_one_wrong_prompt_keeps_none_of_the_others_back(api: Durable, topic: str) -> None:
    sent = [{"topic_id": topic, "text": "First"}, {"topic_id": NOWHERE, "text": "Lost"}, {"topic_id": topic, "text": " "}]
    made = api.post(PROMPTS, {"prompts": [*sent, {"topic_id": topic, "text": "Last", "platform_ids": None}]}).json()
    assert [row["text"] for row in made["created"]] == ["First", "Last"]
    assert made["count"] == 2
    assert [(error["index"], error["text"]) for error in made["errors"]] == [(1, "Lost"), (2, " ")]
    assert made["errors"][0]["error"] == "This topic does not exist in this project, or is archived."


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.prompts"),
        ({"prompts": []}, "body.prompts"),
        ({"prompts": None}, "body.prompts"),
        ({"prompts": {}}, "body.prompts"),
        ({"prompts": [{"topic_id": "x", "text": "y"}] * 101}, "body.prompts"),
        ({"prompts": [{"text": "y"}]}, "body.prompts.0.topic_id"),
        ({"prompts": [{"topic_id": "x", "text": ""}]}, "body.prompts.0.text"),
        ({"prompts": [{"topic_id": "x", "text": 1}]}, "body.prompts.0.text"),
        ({"prompts": [{"topic_id": 1, "text": "y"}]}, "body.prompts.0.topic_id"),
        ({"prompts": [{"topic_id": "x", "text": "y", "mood": 1}]}, "body.prompts.0.mood"),
        ({"prompts": [{"topic_id": "x", "text": "y", "mood": None}]}, "body.prompts.0.mood"),
        ({"prompts": [{"topic_id": "x", "text": "y", "platform_ids": "z"}]}, "body.prompts.0.platform_ids"),
        ({"prompts": ["y"]}, "body.prompts.0"),
    ],
)
def test_wrong_batches_are_told_with_their_place_and_make_nothing(api: Durable, body: dict[str, Any], place: str) -> None:
    assert places(api.post(PROMPTS, body)) == [place]
    assert not Prompt.objects.exists()


def test_a_key_beside_the_prompts_is_passed_over(api: Durable, topic: str) -> None:
    assert api.post(PROMPTS, {"prompts": [{"topic_id": topic, "text": "x"}], "later": 1}).json()["count"] == 1


@pytest.fixture
def three(api: Durable, topic: str) -> dict[str, str]:
    """One prompt of each status: text -> id."""
    rows = make(api, topic, "active", "inactive", "archived")
    for row in rows[1:]:
        Prompt.objects.filter(pk=row["id"]).update(status=row["text"])
    return {row["text"]: row["id"] for row in rows}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"active", "inactive"}),
        ({"include_archived": "true"}, {"active", "inactive", "archived"}),
        ({"include_archived": "0"}, {"active", "inactive"}),
        ({"status": "archived"}, {"archived"}),
        ({"status": "inactive"}, {"inactive"}),
        ({"is_active": "true"}, {"active"}),
        ({"is_active": "false"}, {"inactive"}),
        ({"is_active": "false", "include_archived": "1"}, {"inactive", "archived"}),
        ({"is_active": "true", "status": "archived"}, set()),
    ],
)
def test_prompts_are_listed_by_status(api: Durable, three: dict[str, str], query: dict[str, str], found: set[str]) -> None:
    assert texts(api.get(PROMPTS, **query)) == found


def test_prompts_are_listed_by_topic_newest_first(api: Durable, topic: str) -> None:
    other = api.post(TOPICS, {"name": "Other"}).json()["id"]
    make(api, topic, "one")
    make(api, other, "two")
    make(api, topic, "three")
    assert [row["text"] for row in api.get(PROMPTS, topic_id=topic).json()["data"]] == ["three", "one"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"status": "gone"}, "query.status"),
        ({"status": "active\n"}, "query.status"),
        ({"is_active": "perhaps"}, "query.is_active"),
        ({"include_archived": ""}, "query.include_archived"),
    ],
)
def test_wrong_queries_are_told_with_their_place(api: Durable, query: dict[str, str], place: str) -> None:
    assert places(api.get(PROMPTS, **query)) == [place]


@pytest.mark.parametrize("named", [NOWHERE, "pricing"])
def test_prompts_of_a_topic_that_is_not_there_are_404(api: Durable, named: str) -> None:
    response = api.get(PROMPTS, topic_id=named)
    assert (response.status_code, response.json()) == (404, {"detail": "Topic not found"})


def test_a_prompt_is_changed_field_by_field(api: Durable, topic: str) -> None:
    other = api.post(TOPICS, {"name": "Other"}).json()["id"]
    (made,) = make(api, topic, "Which?", platform_ids=["demo"])
    path = f"{PROMPTS}/{made['id']}"
    changed = api.patch(path, {"text": "Which one?", "topic_id": other, "is_active": False}).json()
    assert (changed["text"], changed["topic"]["name"], changed["status"], changed["is_active"]) == (
        "Which one?",
        "Other",
        "inactive",
        False,
    )
    assert [each["id"] for each in changed["platforms"]] == ["demo"]
    assert api.patch(path, {"platform_ids": []}).json()["platforms"] == []
    same = api.patch(path, {"text": None, "topic_id": None, "platform_ids": None, "is_active": None}).json()
    assert (same["text"], same["topic_id"], same["status"]) == ("Which one?", other, "inactive")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"text": ""}, "body.text"),
        ({"text": "   "}, "body.text"),
        ({"text": "x" * 10_001}, "body.text"),
        ({"topic_id": NOWHERE}, "body.topic_id"),
        ({"topic_id": "x"}, "body.topic_id"),
        ({"is_active": "no"}, "body.is_active"),
        ({"status": "archived"}, "body.status"),
        ({"status": None}, "body.status"),
        ({"platform_ids": ["x" * 121]}, "body.platform_ids"),
    ],
)
def test_wrong_changes_are_told_with_their_place(api: Durable, topic: str, body: dict[str, Any], place: str) -> None:
    (made,) = make(api, topic, "Which?")
    assert places(api.patch(f"{PROMPTS}/{made['id']}", body)) == [place]
    assert Prompt.objects.get().text == "Which?"


def test_a_prompt_is_removed(api: Durable, topic: str) -> None:
    (made,) = make(api, topic, "Which?")
    assert api.delete(f"{PROMPTS}/{made['id']}").json() == {"ok": True}
    for response in (api.get(f"{PROMPTS}/{made['id']}"), api.delete(f"{PROMPTS}/{made['id']}"), api.patch(f"{PROMPTS}/{made['id']}", {})):
        assert (response.status_code, response.json()) == (404, {"detail": "Prompt not found"})


def test_topics_are_renamed_and_removed(api: Durable, topic: str) -> None:
    assert api.patch(f"{TOPICS}/{topic}", {"name": "Prices"}).json()["name"] == "Prices"
    assert api.delete(f"{TOPICS}/{topic}").json() == {"ok": True}
    for response in (api.patch(f"{TOPICS}/{topic}", {"name": "x"}), api.delete(f"{TOPICS}/{topic}")):
        assert (response.status_code, response.json()) == (404, {"detail": "Topic not found"})


def test_two_topics_cannot_have_one_name(api: Durable, topic: str) -> None:
    other = api.post(TOPICS, {"name": "Other"}).json()["id"]
    for response in (api.post(TOPICS, {"name": "Pricing"}), api.patch(f"{TOPICS}/{other}", {"name": "Pricing"})):
        assert response.status_code == 409
        assert "Pricing" in response.json()["detail"]


@pytest.mark.parametrize("name", [None, "", "x" * 121, 5, "   "])
def test_a_topic_needs_a_name_of_a_length(api: Durable, name: Any) -> None:
    assert places(api.post(TOPICS, {"name": name})) == ["body.name"]


def test_a_topic_with_prompts_goes_only_with_them(api: Durable, topic: str) -> None:
    make(api, topic, "Which?")
    assert api.delete(f"{TOPICS}/{topic}").status_code == 409
    assert api.delete(f"{TOPICS}/{topic}?archive_prompts=false").status_code == 409
    assert places(api.delete(f"{TOPICS}/{topic}?archive_prompts=some")) == ["query.archive_prompts"]
    assert api.delete(f"{TOPICS}/{topic}?archive_prompts=true").json() == {"ok": True}
    assert texts(api.get(PROMPTS)) == set()
    assert texts(api.get(PROMPTS, include_archived="yes")) == {"Which?"}
    assert PromptTopic.objects.get().archived_at


def test_the_config_has_topics_and_platforms(api: Durable, topic: str) -> None:
    ModelProvider.objects.create(project=api.project, name="ollama", base_url="http://127.0.0.1:1/v1", default_model="llama")
    ModelProvider.objects.create(project=api.project, name="off", base_url="http://127.0.0.1:1/v1", is_active=False)
    Harness.objects.create(project=api.project, name="codex", label="Our Codex", argv="codex {prompt}", model_names=["gpt-5"])
    told = api.get("/prompts/config").json()
    assert [each["name"] for each in told["topics"]] == ["Pricing"]
    assert told["platforms"] == [
        {"id": "ollama", "name": "ollama", "model": "llama", "credits_per_prompt": 0},
        {"id": "demo", "name": "Demo models", "model": "agent", "credits_per_prompt": 0},
        {"id": "codex", "name": "Our Codex", "model": "gpt-5", "credits_per_prompt": 0},
        {"id": "claude-code", "name": "Claude Code", "model": None, "credits_per_prompt": 0},
    ]
    assert (told["languages"], told["regions"]) == ([], [])
    assert told["defaults"] == {"language_id": None, "region_id": None}


def test_prompts_of_others_are_not_there(api: Durable, topic: str) -> None:
    (made,) = make(api, topic, "Which?")
    stranger = Durable(factories.project())
    own = stranger.post(TOPICS, {"name": "Mine"}).json()["id"]
    assert texts(stranger.get(PROMPTS)) == set()
    assert stranger.get(PROMPTS, topic_id=topic).status_code == 404
    assert stranger.get(f"{PROMPTS}/{made['id']}").status_code == 404
    assert stranger.patch(f"{PROMPTS}/{made['id']}", {"topic_id": own}).status_code == 404
    assert stranger.delete(f"{PROMPTS}/{made['id']}").status_code == 404
    assert stranger.delete(f"{TOPICS}/{topic}?archive_prompts=1").status_code == 404
    assert stranger.post(PROMPTS, {"prompts": [{"topic_id": topic, "text": "x"}]}).json()["count"] == 0
    assert [each["name"] for each in stranger.get("/prompts/config").json()["topics"]] == ["Mine"]


def test_each_change_needs_the_scope_to_write(api: Durable, topic: str) -> None:
    for scope in ("read", "run"):
        limited = Durable(api.project, [scope])
        assert limited.post(PROMPTS, {"prompts": [{"topic_id": topic, "text": "x"}]}).status_code == 403
        assert limited.post(TOPICS, {"name": "x"}).status_code == 403
        assert limited.patch(f"{TOPICS}/{topic}", {"name": "x"}).status_code == 403
        assert limited.delete(f"{TOPICS}/{topic}").status_code == 403
    assert Durable(api.project, ["run"]).get(PROMPTS).status_code == 403
    assert Durable(api.project, ["read"]).get(PROMPTS).status_code == 200


@pytest.mark.parametrize("path", ["/prompts/actions", "/api-performance/actions", "/api-performance/actions/x/verify"])
def test_actions_are_not_served_and_say_so(api: Durable, path: str) -> None:
    response = api.get(path)
    assert (response.status_code, response.json()) == (404, {"detail": "This server has no actions."})


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_skills_and_starter_projects_are_not_served_and_say_so(api: Durable, method: str) -> None:
    assert api.send(method, "/api-performance/skills").json() == {"detail": "This server has no skills."}
    assert api.send(method, "/api-performance/starter-projects/x").json() == {"detail": "This server has no starter projects."}


@pytest.mark.parametrize("many", [1, 40])
def test_the_queries_of_the_list_do_not_grow(
    api: Durable, topic: str, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make(api, topic, *(f"Question {number}" for number in range(many)), platform_ids=["demo"])
    with django_assert_num_queries(1 + 4):
        api.get(PROMPTS)
    with django_assert_num_queries(1 + 3):
        api.get("/prompts/config")
