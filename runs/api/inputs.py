"""The bodies of the four requests that start a run, and the query of their list."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from agents.api.bodies import SHORT
from evalhub.common.parsing import Body, Cursor, Flag, Items, Key, Object, Text, Whole, text
from runs.api.scenario import AnyPersona, OverrideInput, PersonaInput, SimConfigInput, sessions
from runs.messages import FEWEST, MOST, MessageInput, check_transcript
from runs.models import Message

NUMBERED_KEYS = frozenset({"limit", "offset"})
CURSOR_KEYS = frozenset({"page_size", "cursor"})
LAST_PLACE = 2**31 - 1


class Simulated(Body):
    """What simulate and run-eval share."""

    sessions = sessions()
    user_persona = PersonaInput(required=False)
    config_override = OverrideInput(required=False)
    model = text(SHORT)


class Judged(Body):
    """What all requests share that end in a judgement."""

    template_id = Text(max_length=SHORT)
    adaptation_template_id = text(SHORT)
    quality_only = Flag(default=False)


class SimulateInput(Simulated):
    component = "SimulateRequest"

    config = SimConfigInput(required=False)
    user_id = text(SHORT)


class RunEvalInput(Judged, Simulated):
    component = "RunEvalRequest"

    simulation_config = SimConfigInput(required=False)


class EvaluateInput(Judged):
    """Nothing is simulated, so persona, configuration and state are kept as they are: the judge and the reader see them."""

    component = "EvaluateRequest"
    ignored = Body.ignored | {"provider"}
    json_schema: ClassVar[Mapping[str, Any]] = {
        "properties": {
            "messages": {
                "minItems": FEWEST,
                "contains": {"type": "object", "properties": {"role": {"const": Message.Role.ASSISTANT.value}}, "required": ["role"]},
            }
        }
    }

    messages = Items(child=MessageInput(), max_length=MOST)
    user_persona = AnyPersona(required=False)
    simulation_config = Object(required=False)
    simulation_state = Object(required=False)
    config_override = OverrideInput(required=False)
    model = text(SHORT)

    def validate_messages(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return check_transcript(messages)


class EvalOnlyInput(Judged):
    component = "EvalOnlyRequest"

    source_run_id = Key()


class ActionInput(Body):
    """Nothing: the path says which run. No body at all is as good."""

    component = "EvalRunActionRequest"


class RunListQuery(Body):
    """Two ways to page, which cannot be mixed. Neither has defaults here: which keys came says which way is meant."""

    agent_id = text(SHORT, help_text="Only the runs of this agent: its UUID, or its name.")
    limit = Whole(min_value=1, max_value=1000, required=False, help_text="How many, 20 if left out.")
    offset = Whole(min_value=0, max_value=LAST_PLACE, required=False, help_text="How many of the newest to pass over.")
    page_size = Whole(min_value=1, max_value=100, required=False, help_text="Runs a page, 20 if left out.")
    cursor = Cursor()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        mixed = sorted(NUMBERED_KEYS & attrs.keys()) if CURSOR_KEYS & attrs.keys() else []
        if mixed:
            raise serializers.ValidationError(
                {key: ["Page by limit and offset, or by page_size and cursor, not by both."] for key in mixed}
            )
        return attrs
