"""The bodies of the four requests that start a run."""

from typing import Any

from rest_framework import serializers

from agents.api import SHORT
from evalhub.common.parsing import Body, Object, text
from runs.api.messages import MOST, MessageInput, check_transcript
from runs.api.scenario import AnyPersona, OverrideInput, PersonaInput, SimConfigInput, sessions


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
