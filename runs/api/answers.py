"""What the runs' endpoints answer, for the API's document. The bodies themselves are made in runs.bodies."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from evalhub.common.describing import Answer
from runs.events.types import EVENT_TYPES, Event, Totals
from runs.models import Message
from runs.states import Status

COMMON_KEYS: Mapping[str, Mapping[str, Any]] = {
    "run_id": {"type": "string", "format": "uuid"},
    "seq": {"type": "integer", "minimum": 0, "description": "The number of the event, from 0: `from` and Last-Event-ID count by it."},
}
JSON_TYPES: Mapping[Any, Mapping[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
}


def free_object(about: str) -> serializers.DictField:
    """An object whose keys are not the API's business."""
    return serializers.DictField(child=serializers.JSONField(), help_text=about)


class RunningBody(Answer):
    """The run is stored, and a worker will take it."""

    run_id = serializers.UUIDField(help_text="Follow it at `/api/v1/eval-runs/{runId}/events`.")
    status = serializers.ChoiceField(["running"])


class SimulateRunningBody(RunningBody):
    """The run is stored, and a worker will take it."""


class EvaluateAcceptedBody(Answer):
    """The run is stored, and a worker will take it."""

    run_id = serializers.UUIDField(help_text="Ask for `/api/v1/eval-runs/{runId}` until its status is final.")
    status = serializers.ChoiceField(["pending"])


class TranscriptMessage(Answer):
    """One line of a transcript."""

    index = serializers.IntegerField(min_value=0)
    role = serializers.ChoiceField(Message.Role.choices)
    content = serializers.CharField()
    session_index = serializers.IntegerField(min_value=0)
    turn_index = serializers.IntegerField(min_value=0)
    simulated_at = serializers.DateTimeField(allow_null=True, help_text="null where nothing was simulated.")
    created_at = serializers.DateTimeField()
    tool_calls = serializers.ListField(child=serializers.DictField(child=serializers.JSONField()), required=False)
    name = serializers.CharField(required=False)


class Evidence(Answer):
    """What a judge quotes."""

    message_index = serializers.IntegerField(allow_null=True)
    quote = serializers.CharField()
    found = serializers.BooleanField(help_text="Whether the quote stands in that message.")


class CategoryResult(Answer):
    """What a judge says of one category."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a serializer's own `label` is never read
    weight = serializers.FloatField()
    score = serializers.FloatField(allow_null=True, min_value=0, max_value=100)
    spread = serializers.FloatField(allow_null=True)
    reasoning = serializers.CharField()
    unscored_reason = serializers.CharField()
    evidence = Evidence(many=True)


class JudgeResult(Answer):
    """What a judge says of a conversation. `{}` where there is no result (yet)."""

    json_schema: ClassVar[Mapping[str, Any]] = {
        "required": [],
        "anyOf": [{"maxProperties": 0}, {"required": ["score", "feedback", "categories", "judge_model", "template_id"]}],
        "additionalProperties": True,
    }

    score = serializers.FloatField(allow_null=True, min_value=0, max_value=100, help_text="The weighted mean; null comes with a reason.")
    feedback = serializers.CharField()
    categories = CategoryResult(many=True)
    judge_model = serializers.CharField()
    template_id = serializers.CharField()


class EvalRun(Answer):
    """Everything about a run. Absent objects are `{}`, absent ids and names `""`."""

    run_id = serializers.UUIDField()
    project_id = serializers.UUIDField(required=False)
    tenant_id = serializers.UUIDField(required=False)
    agent_id = serializers.CharField()
    agent_name = serializers.CharField()
    status = serializers.ChoiceField([status.value for status in Status])
    error_reason = serializers.CharField(required=False, help_text="Why it ended before its end.")
    character_config = free_object("Who the agent was, when the run was started.")
    simulation_config = free_object("As it was sent.")
    simulation_model = serializers.CharField(help_text="The model that plays the agent; empty until a worker has taken the run.")
    user_persona = free_object("Who the simulated user was.")
    template_id = serializers.CharField()
    template_snapshot = free_object("The template, as it was when the run was started.")
    adaptation_template_id = serializers.CharField()
    adaptation_template_snapshot = free_object("The template, as it was when the run was started.")
    transcript = TranscriptMessage(many=True)
    simulation_state = free_object("What the simulation ended with; `unpriced_calls` counts calls whose price is unknown.")
    evaluation_result = JudgeResult()
    adaptation_result = JudgeResult()
    total_sessions = serializers.IntegerField(min_value=0)
    total_turns = serializers.IntegerField(min_value=0, help_text="Messages of the user.")
    simulated_minutes = serializers.IntegerField(min_value=0)
    total_cost_usd = serializers.FloatField(min_value=0)
    simulation_cost_usd = serializers.FloatField(min_value=0)
    evaluation_cost_usd = serializers.FloatField(min_value=0)
    started_at = serializers.DateTimeField(help_text="When a worker took it; when it was created, as long as none has.")
    completed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class PaginatedEvalRunsResponse(Answer):
    """A page of runs, newest first. `total_count` comes with limit and offset, the other two with page_size and cursor."""

    json_schema: ClassVar[Mapping[str, Any]] = {"oneOf": [{"required": ["total_count"]}, {"required": ["has_more", "next_cursor"]}]}

    runs = EvalRun(many=True)
    total_count = serializers.IntegerField(required=False, min_value=0)
    has_more = serializers.BooleanField(required=False)
    next_cursor = serializers.CharField(required=False, help_text="Send it as `cursor` for the next page; empty on the last.")


def _event_schema(kind: type[Event]) -> Mapping[str, Any]:
    """One kind of event. Its keys are those of its payload, so that none is forgotten here."""
    payload = kind().payload(Totals())
    told = {key: JSON_TYPES.get(type(value), {"type": "object"}) for key, value in payload.items()}
    keys = {**COMMON_KEYS, **told, "type": {"type": "string", "const": kind.type}}
    return {"title": kind.type, "type": "object", "properties": keys, "required": sorted(keys), "additionalProperties": False}


class EvalRunEvent(Answer):
    """One event of a run, in a frame's `data`. Numbers and texts are never null."""

    json_schema: ClassVar[Mapping[str, Any]] = {"oneOf": [_event_schema(kind) for kind in EVENT_TYPES.values()]}
