"""What the agents' endpoints are sent: bodies and queries. `CharacterFields` serves the run endpoints too."""

from collections.abc import Mapping
from typing import Any, ClassVar

from agents.models import Agent
from agents.traits import TRAITS
from evalhub.common.parsing import Body, Choice, Cursor, Items, Key, Number, Text, Whole, text, texts

LONG, SHORT = 20_000, 200
BEHAVIORS = ("response_length", "question_frequency", "empathy_style", "conflict_approach")
PREFERENCES = ("conversation_pace", "formality", "humor_style", "emotional_expression")


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
    component = "CreateAgentGoal"

    type = text(SHORT)
    title = text(SHORT)
    description = text(LONG)
    priority = Whole(required=False)
    related_traits = texts()


class SeedMemory(Body):
    component = "CreateAgentSeedMemory"

    content = Text(max_length=LONG)
    fact_type = text(SHORT)
    importance = Number(required=False)
    entities = texts()


class OptionalKey(Key):
    """An id; generated clients send "" for one they have not got, which `read` drops."""

    json_schema: ClassVar[Mapping[str, Any]] = {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "maxLength": 0}]}


class AgentFields(CharacterFields):
    """All that an agent is beside its name: the contract's keys, and those that make an agent of EvalHub (kind, model, the endpoint's)."""

    language = text(SHORT)
    initial_goals = Items(child=Goal(), required=False, max_length=50)
    seed_memories = Items(child=SeedMemory(), required=False, max_length=200)
    kind = Choice(Agent.Kind.choices, required=False)
    model = text(SHORT)
    endpoint_url = text(500)
    endpoint_secret = text(4000)
    reply_path = text(SHORT)
    timeout_seconds = Whole(min_value=1, max_value=3600, required=False)


class AgentInput(AgentFields):
    """A new agent, or changes of one that is there."""

    component = "CreateAgentBody"
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

    name = Text(max_length=SHORT)
    agent_id = OptionalKey(required=False)
    project_id = text(SHORT)

    def read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: value for key, value in data.items() if key != "agent_id" or value != ""}


class ProfileInput(AgentFields):
    """What may change of an agent that is there."""

    component = "UpdateAgentProfileInputBody"
    ignored = Body.ignored | {"avatar_url", "tool_capabilities"}

    name = Text(max_length=SHORT, required=False)


CHARACTER_KEYS = {*CharacterFields().fields, "language", "initial_goals", "seed_memories"}


class AgentListQuery(Body):
    page_size = Whole(min_value=1, max_value=100, default=30, help_text="Agents a page.")
    cursor = Cursor(default="")
    search = text(SHORT, default="", help_text="Only agents whose name has this text in it.")
    project_id = text(SHORT, default="", help_text="Only agents of this project; none but the key's has any to show.")
    include_count = text(SHORT, default="", help_text="Needless: counting is cheap, and `total_count` is always there.")
