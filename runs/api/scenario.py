"""What a simulation is told: persona, sessions, limits and overrides, in the contract's shapes and in the older ones clients still send."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from agents.api.bodies import LONG, SHORT, CharacterFields
from evalhub.common.parsing import NOT_BLANK, Body, Flag, Items, Number, Object, Text, Whole, kind_of, read_object, text, texts
from runs.plan import MAX_SESSIONS, MAX_TURNS

MOST_HOURS = 8760
MOST_USD = 1_000_000
PERSONA_KEYS = frozenset({"background", "personality_traits", "communication_style"})


class PersonaInput(Body):
    """{name, description, style} and what EvalHub adds; or {name, background, personality_traits, communication_style}. {} means none."""

    component = "UserPersona"
    may_be_text = True
    ignored = Body.ignored | {"id"}  # of a persona that is stored elsewhere
    json_schema: ClassVar[Mapping[str, Any]] = {
        "properties": {
            "background": {"type": ["string", "null"], "description": "An older word for `description`."},
            "communication_style": {"type": ["string", "null"], "description": "An older word for `style`."},
            "personality_traits": {
                "type": ["string", "array", "object", "null"],
                "items": {"type": "string"},
                "additionalProperties": {"type": ["string", "number", "boolean"]},
                "description": "Becomes a part of `description`.",
            },
        },
        "required": [],
        "anyOf": [{"required": ["name"], "properties": {"name": {"type": "string", "pattern": NOT_BLANK}}}, {"maxProperties": 0}],
    }

    name = Text(max_length=SHORT)
    description = text(LONG)
    style = text(LONG)  # type: ignore[assignment]  # a serializer's own `style` is for HTML forms
    goal = text(LONG)
    facts = texts()
    behaviours = texts()
    patience = Whole(min_value=1, max_value=MAX_TURNS, required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        given = read_object(data, may_be_text=True)
        return super().to_internal_value(given) if given else {}

    def read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return newer_persona(data)


class AnyPersona(Object):
    """The persona of a conversation that is over: whatever object it was, since nobody has to play it again."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return dict(newer_persona(super().to_internal_value(data)))


def newer_persona(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The older shape as the present one; any other object as it is. Raises ValidationError that points at the older key."""
    if not PERSONA_KEYS & data.keys():
        return data
    given = {key: value for key, value in data.items() if key not in PERSONA_KEYS | {"id"}}  # the id of a stored persona elsewhere
    background, style = _older_text(data, "background"), _older_text(data, "communication_style")
    traits = _older_traits(data.get("personality_traits"))
    told = f"{background}\nPersonality: {traits}".strip() if traits else background
    older = {"description": told, "style": style}
    return {**given, **{key: text for key, text in older.items() if given.get(key) in (None, "")}}


def _older_text(data: Mapping[str, Any], key: str) -> str:
    value = "" if data.get(key) is None else data[key]
    if not isinstance(value, str):
        raise serializers.ValidationError({key: [f"Must be a text, not {kind_of(value)}."]})
    return value


def _older_traits(value: Any) -> str:
    """Traits in one line, whether they came as a text, as a list of words, or as an object of words or numbers."""
    if isinstance(value, Mapping):
        value = [f"{trait}: {level}" if isinstance(level, str | int | float) else level for trait, level in value.items()]
    if isinstance(value, list) and all(isinstance(trait, str) for trait in value):
        return ", ".join(value)
    if value is None or isinstance(value, str):
        return value or ""
    wrong = f"Must be a text, a list of texts or an object, not {kind_of(value)}."
    raise serializers.ValidationError({"personality_traits": ["Every trait must be a text." if isinstance(value, list) else wrong]})


class TurnInput(Body):
    component = "Turn"

    user_message = Text(max_length=LONG, trim_whitespace=False)


class SessionInput(Body):
    """A session. Without turns, or with turns null, the persona speaks freely."""

    component = "SessionConfig"

    name = text(SHORT)
    time_gap_hours = Number(min_value=0, max_value=MOST_HOURS, required=False)
    turns = Items(child=TurnInput(), required=False, max_length=MAX_TURNS)


class SimConfigInput(Body):
    """Limits and clock. Contract clients must send every number, so 0 stands for "the default"."""

    component = "SimConfig"
    may_be_text = True

    max_sessions = Whole(min_value=0, max_value=MAX_SESSIONS, required=False)
    max_turns_per_session = Whole(min_value=0, max_value=MAX_TURNS, required=False)
    simulated_duration_hours = Whole(min_value=0, max_value=MOST_HOURS, required=False)
    inter_session_gap_hours = Whole(min_value=0, max_value=MOST_HOURS, required=False)
    enable_proactive = Flag(required=False)
    enable_diary = Flag(required=False)
    enable_consolidation = Flag(required=False)
    disable_ce_enrichment = Flag(required=False)
    model = text(SHORT)
    playback_speed = Number(min_value=0, max_value=1000, required=False)
    max_cost_usd = Number(
        min_value=0,
        max_value=MOST_USD,
        required=False,
        help_text="The run stops, as failed, before the call that would pass it. 0: no limit.",
    )


class VoiceInput(Body):
    component = "VoiceConfig"

    language = text(SHORT)
    voice_name = text(SHORT)


class OverrideInput(CharacterFields):
    """What of the agent's character is different in this run."""

    component = "EvalAgentConfigOverride"
    may_be_text = True

    name = text(SHORT)
    model = text(SHORT)
    voice = VoiceInput(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # A character cannot be nameless, and generated clients send "" for what they have not got.
        return {key: value for key, value in attrs.items() if key != "name" or value}


def sessions() -> Items:
    return Items(child=SessionInput(), required=False, max_length=MAX_SESSIONS)
