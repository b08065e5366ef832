"""The agents of the dialect /api/v1: list, and create or update. `CharacterFields` and `agent_or_404` serve the run endpoints too."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from agents.selectors import agent_find, agent_list, agent_page
from agents.services import SETTABLE, AgentConflict, agent_upsert
from agents.traits import TRAITS
from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.accounts.models import Project
from evalhub.common.paging import read_cursor, write_cursor
from evalhub.common.parsing import Body, Choice, Number, Whole, text, texts
from evalhub.common.problems import Problem, not_found

LONG, SHORT = 20_000, 200
BEHAVIORS = ("response_length", "question_frequency", "empathy_style", "conflict_approach")
PREFERENCES = ("conversation_pace", "formality", "humor_style", "emotional_expression")
CHARACTER_LISTS = ("primary_traits", "speech_patterns", "true_interests", "true_dislikes")
CHARACTER_TEXTS = ("bio", "gender", "personality_prompt")


def agent_or_404(project: Project, id_or_name: str) -> Agent:
    """The agent that a path names. Raises a 404 Problem."""
    agent = agent_find(project, id_or_name)
    if agent is None:
        raise not_found("path.agent", "agent", id_or_name)
    return agent


class Scores(Body):
    """Trait -> score, 0-100 or 0-1; any subset."""

    traits: ClassVar[tuple[str, ...]] = ()

    def get_fields(self) -> dict[str, Any]:
        return {trait: Number(min_value=0, max_value=100, required=False) for trait in self.traits}


class Big5(Scores):
    traits = tuple(TRAITS["big5"])


class Dimensions(Scores):
    traits = tuple(TRAITS["dimensions"])


class Choices(Body):
    """Words for a few known habits; any subset."""

    habits: ClassVar[tuple[str, ...]] = ()

    def get_fields(self) -> dict[str, Any]:
        return {habit: text(SHORT) for habit in self.habits}


class Behaviors(Choices):
    habits = BEHAVIORS


class Preferences(Choices):
    habits = PREFERENCES


class CharacterFields(Body):
    """Who a hosted agent is. A run's config_override has the same keys."""

    bio = text(LONG)
    gender = text(SHORT)
    personality_prompt = text(LONG)
    primary_traits = texts()
    speech_patterns = texts()
    true_interests = texts()
    true_dislikes = texts()
    big5 = Big5(required=False)
    dimensions = Dimensions(required=False)
    behaviors = Behaviors(required=False)
    preferences = Preferences(required=False)


class Goal(Body):
    type = text(SHORT)
    title = text(SHORT)
    description = text(LONG)
    priority = Whole(required=False)
    related_traits = texts()


class SeedMemory(Body):
    content = serializers.CharField(max_length=LONG)
    fact_type = text(SHORT)
    importance = Number(required=False)
    entities = texts()


class AgentInput(CharacterFields):
    """The contract's body, and beside it the keys that make an agent of EvalHub: kind, model and the endpoint's."""

    # What other servers make of these (pictures, invented lore, tools) is no part of an evaluation.
    ignored = Body.ignored | {
        "avatar_url",
        "capabilities",
        "generate_avatar",
        "generate_origin_story",
        "generate_personalized_memories",
        "lore_generation_context",
        "proactiveMode",
        "tool_capabilities",
        "user_display_name",
        "user_id",
    }

    name = serializers.CharField(max_length=SHORT)
    agent_id = serializers.UUIDField(required=False)
    project_id = text(SHORT)
    language = text(SHORT)
    initial_goals = serializers.ListField(child=Goal(), required=False, max_length=50)
    seed_memories = serializers.ListField(child=SeedMemory(), required=False, max_length=200)
    kind = Choice(Agent.Kind.choices, required=False)
    model = text(SHORT)
    endpoint_url = text(500)
    endpoint_secret = text(4000)
    reply_path = text(SHORT)
    timeout_seconds = Whole(min_value=1, max_value=3600, required=False)

    def read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        # Generated clients send "" for an id they have not got.
        return {key: value for key, value in data.items() if key != "agent_id" or value != ""}


CHARACTER_KEYS = {*CharacterFields().fields, "language", "initial_goals", "seed_memories"}


class AgentListQuery(Body):
    page_size = Whole(min_value=1, max_value=100, default=30)
    cursor = text(SHORT, default="")
    search = text(SHORT, default="")
    project_id = text(SHORT, default="")


class Agents(Endpoint):
    """GET and POST /agents."""

    scopes = {"GET": Scope.READ, "POST": Scope.WRITE}

    def get(self, request: Request) -> Response:
        query = self.query(AgentListQuery)
        agents = agent_list(project=self.project, search=query["search"])
        if query["project_id"] not in ("", str(self.project.id)):
            agents = agents.none()
        page, has_more = agent_page(agents=agents, size=query["page_size"], after=read_cursor(query["cursor"]))
        return Response(
            {
                "items": [agent_index(agent) for agent in page],
                "has_more": has_more,
                "total_count": agents.count(),
                "next_cursor": write_cursor(page[-1].created_at, page[-1].id) if has_more else "",
            }
        )

    def post(self, request: Request) -> Response:
        given = self.body(AgentInput)
        if given.get("project_id") not in (None, "", str(self.project.id)):
            raise not_found("body.project_id", "project", given["project_id"])
        columns = {key: given[key] for key in SETTABLE if key in given}
        try:
            agent = agent_upsert(
                project=self.project,
                name=given["name"],
                agent_id=given.get("agent_id"),
                character={key: value for key, value in given.items() if key in CHARACTER_KEYS},
                endpoint_secret=given.get("endpoint_secret"),
                **columns,
            )
        except AgentConflict as conflict:
            raise Problem(409, str(conflict)) from None
        return Response(agent_detail(agent))


def agent_index(agent: Agent) -> dict[str, Any]:
    """An agent in a list, with exactly the contract's keys."""
    return {
        "agent_id": str(agent.id),
        "name": agent.name,
        "project_id": str(agent.project_id),
        "tenant_id": str(agent.project_id),
        "owner_user_id": "",
        "instance_count": 0,
        "is_active": agent.is_active,
        "created_at": agent.created_at.isoformat(),
    }


def agent_detail(agent: Agent) -> dict[str, Any]:
    """One agent, with exactly the contract's keys. What the character does not say is left out."""
    character: dict[str, Any] = agent.character
    body = agent_index(agent)
    body |= {key: character[key] for key in (*CHARACTER_TEXTS, *CHARACTER_LISTS) if character.get(key) is not None}
    for key, names in (("behaviors", BEHAVIORS), ("preferences", PREFERENCES)):
        if chosen := character.get(key):
            body[key] = {name: chosen.get(name, "") for name in names}
    if scores := character.get("big5"):
        body["big5"] = {trait: _assessed(scores.get(trait)) for trait in Big5.traits}
    dimensions = character.get("dimensions") or {}
    if all(trait in dimensions for trait in Dimensions.traits):  # the contract has no way to say that one is not known
        body["dimensions"] = {trait: dimensions[trait] for trait in Dimensions.traits}
    return body


def _assessed(score: float | None) -> dict[str, float]:
    """A trait that nobody stated is average with no confidence, one that somebody did is certain."""
    return {"score": 50.0, "confidence": 0.0} if score is None else {"score": float(score), "confidence": 1.0}
