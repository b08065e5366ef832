"""What the agents' endpoints do and answer, for the API's document."""

from typing import Any

from rest_framework import serializers

from agents.api.bodies import BEHAVIORS, PREFERENCES, AgentInput, AgentListQuery, Big5, Dimensions, ProfileInput
from evalhub.common.describing import Answer, Example, Operation, Success

TAG = "agents"
UNKNOWN = "A key of the public contract that EvalHub has nothing to say for, and leaves out."


class AgentIndex(Answer):
    """An agent in a list."""

    agent_id = serializers.UUIDField()
    tenant_id = serializers.UUIDField()
    owner_user_id = serializers.CharField()
    instance_count = serializers.IntegerField(min_value=0)
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    name = serializers.CharField(required=False)
    project_id = serializers.UUIDField(required=False)
    last_seen_at = serializers.DateTimeField(required=False, help_text=UNKNOWN)
    mcp_enabled = serializers.ListField(child=serializers.CharField(), required=False, help_text=UNKNOWN)
    owner_display_name = serializers.CharField(required=False, help_text=UNKNOWN)
    owner_email = serializers.CharField(required=False, help_text=UNKNOWN)
    proactive_mode = serializers.CharField(required=False, help_text=UNKNOWN)


class BehavioralTraits(Answer):
    """How the agent talks."""

    def get_fields(self) -> dict[str, Any]:
        return {habit: serializers.CharField() for habit in BEHAVIORS}


class InteractionPreferences(Answer):
    """How the agent likes a conversation to be."""

    def get_fields(self) -> dict[str, Any]:
        return {habit: serializers.CharField() for habit in PREFERENCES}


class Big5Trait(Answer):
    """A score of 0-100; a trait that nobody stated has confidence 0."""

    score = serializers.FloatField(min_value=0, max_value=100)
    confidence = serializers.FloatField(min_value=0, max_value=1)
    level = serializers.CharField(required=False, help_text=UNKNOWN)
    facets = serializers.ListField(child=serializers.CharField(), required=False, help_text=UNKNOWN)


class Big5Assessment(Answer):
    """The five traits of the agent's personality."""

    def get_fields(self) -> dict[str, Any]:
        return {trait: Big5Trait() for trait in Big5.traits}


class PersonalityDimensions(Answer):
    """The ten sides of the five traits, 0-100. There only when all ten are known."""

    def get_fields(self) -> dict[str, Any]:
        return {trait: serializers.FloatField(min_value=0, max_value=100) for trait in Dimensions.traits}


class AgentDetailResponse(AgentIndex):
    """An agent. What its character does not say is left out."""

    avatar_url = serializers.CharField(required=False, help_text=UNKNOWN)
    bio = serializers.CharField(required=False)
    gender = serializers.CharField(required=False)
    personality_prompt = serializers.CharField(required=False)
    primary_traits = serializers.ListField(child=serializers.CharField(), required=False)
    speech_patterns = serializers.ListField(child=serializers.CharField(), required=False)
    true_interests = serializers.ListField(child=serializers.CharField(), required=False)
    true_dislikes = serializers.ListField(child=serializers.CharField(), required=False)
    behaviors = BehavioralTraits(required=False)
    preferences = InteractionPreferences(required=False)
    big5 = Big5Assessment(required=False)
    dimensions = PersonalityDimensions(required=False)


class PaginatedAgentsResponse(Answer):
    """A page of agents, newest first."""

    items = AgentIndex(many=True)
    has_more = serializers.BooleanField()
    total_count = serializers.IntegerField(min_value=0)
    next_cursor = serializers.CharField(required=False, help_text="Send it as `cursor` for the next page; empty on the last.")


class DeleteAgentOutputBody(Answer):
    """The agent is gone; its runs stay."""

    success = serializers.BooleanField()
    status = serializers.ChoiceField(["ok", "partial"])
    deleted = serializers.DictField(child=serializers.IntegerField(min_value=0), help_text="How many of each kind were deleted.")
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]  # a serializer's own `errors` is never read


class UpdateAgentProfileOutputBody(Success):
    """The profile is changed."""


INDEX = {
    "agent_id": "3c6a1e0e-6f0b-4d57-9f43-8b1a8a0b9d11",
    "name": "Ada",
    "project_id": "0b8f3c1e-6a52-4f0e-8a39-2f1d9c7e4b10",
    "tenant_id": "0b8f3c1e-6a52-4f0e-8a39-2f1d9c7e4b10",
    "owner_user_id": "",
    "instance_count": 0,
    "is_active": True,
    "created_at": "2026-03-03T09:00:00.000000+00:00",
}
NEW_AGENT = {"name": "Ada", "bio": "Helps people with their orders.", "primary_traits": ["patient", "precise"], "model": "demo/agent"}
DETAIL = {**INDEX, "bio": NEW_AGENT["bio"], "primary_traits": NEW_AGENT["primary_traits"]}

LIST = Operation(
    id="listAgents",
    tag=TAG,
    summary="List the project's agents, newest first.",
    query=AgentListQuery,
    answer=PaginatedAgentsResponse,
    example=Example(answer={"items": [INDEX], "has_more": False, "total_count": 1, "next_cursor": ""}),
)
CREATE = Operation(
    id="createAgent",
    tag=TAG,
    summary="Make an agent, or change the one with this id or name.",
    description="An agent is a character on a model, or (with `kind` and `endpoint_url`) an endpoint of yours that answers by itself.",
    body=AgentInput,
    answer=AgentDetailResponse,
    refusals={404: "`project_id` names another project than the key's."},
    example=Example(body=NEW_AGENT, answer=DETAIL),
)
GET = Operation(
    id="getAgent",
    tag=TAG,
    summary="One agent.",
    answer=AgentDetailResponse,
    example=Example(path={"agentId": "Ada"}, answer=DETAIL),
)
DELETE = Operation(
    id="deleteAgent",
    tag=TAG,
    summary="Delete an agent; its runs stay.",
    answer=DeleteAgentOutputBody,
    example=Example(path={"agentId": "Ada"}, answer={"success": True, "status": "ok", "deleted": {"agents": 1}, "errors": []}),
)
CHANGE_PROFILE = Operation(
    id="updateAgentProfile",
    tag=TAG,
    summary="Change what is given of an agent; the rest stays as it is.",
    body=ProfileInput,
    answer=UpdateAgentProfileOutputBody,
    refusals={409: "Another agent has this name already. Or the `Idempotency-Key` was used for another request."},
    example=Example(path={"agentId": "Ada"}, body={"bio": "Helps people with orders and returns."}, answer={"success": True}),
)
