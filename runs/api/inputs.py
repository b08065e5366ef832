"""The bodies of the four requests that start a run, and the query of their list."""

from typing import Any

from rest_framework import serializers

from agents.api.bodies import SHORT
from evalhub.common.parsing import Body, Object, Whole, text
from runs.api.messages import MOST, MessageInput, check_transcript
from runs.api.scenario import AnyPersona, OverrideInput, PersonaInput, SimConfigInput, sessions

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

    template_id = serializers.CharField(max_length=SHORT)
    adaptation_template_id = text(SHORT)
    quality_only = serializers.BooleanField(default=False)


class SimulateInput(Simulated):
    config = SimConfigInput(required=False)
    user_id = text(SHORT)


class RunEvalInput(Judged, Simulated):
    simulation_config = SimConfigInput(required=False)


class EvaluateInput(Judged):
    """Nothing is simulated, so persona, configuration and state are kept as they are: the judge and the reader see them."""

    ignored = Body.ignored | {"provider"}

    messages = serializers.ListField(child=MessageInput(), max_length=MOST)
    user_persona = AnyPersona(required=False)
    simulation_config = Object(required=False)
    simulation_state = Object(required=False)
    config_override = OverrideInput(required=False)
    model = text(SHORT)

    def validate_messages(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return check_transcript(messages)


class EvalOnlyInput(Judged):
    source_run_id = serializers.UUIDField()


class RunListQuery(Body):
    """Two ways to page, which cannot be mixed. Neither has defaults here: which keys came says which way is meant."""

    agent_id = text(SHORT)
    limit = Whole(min_value=1, max_value=1000, required=False)
    offset = Whole(min_value=0, max_value=LAST_PLACE, required=False)
    page_size = Whole(min_value=1, max_value=100, required=False)
    cursor = text(SHORT)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        mixed = sorted(NUMBERED_KEYS & attrs.keys()) if CURSOR_KEYS & attrs.keys() else []
        if mixed:
            raise serializers.ValidationError(
                {key: ["Page by limit and offset, or by page_size and cursor, not by both."] for key in mixed}
            )
        return attrs
