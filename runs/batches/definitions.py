"""How each eval is asked and judged in one batch: its stored definition with what the request overrides, or the defaults of its kind."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.batches.named import refuse_unknown
from runs.batches.request import BadValue
from runs.batches.snapshots import DefinitionSnapshot, TargetSnapshot
from templates_app.models import EvalDefinition
from templates_app.sources.definitions import LARGEST_CONTEXT, LONGEST_TEXT

Overrides = Mapping[str, Mapping[str, Any]]
FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "custom_prompt": str,
    "expected_behavior": str,
    "docs_mode": str,
    "include_env_vars": bool,
    "env_profile_ids": list,
    "model_ids": list,
    "run_context": dict,
    "pass_score": (int, float),
    "enabled": bool,
}
# What definitions of the public contract have and this server has not: the value that says so may be sent; any other would be a wish that
# nobody fulfils.
NOT_HERE: Mapping[str, tuple[Any, str]] = {
    "starting_project_id": ("", "starting projects"),
    "compare_skills": (False, "skills"),
    "skills_mode": ("none", "skills"),
    "skill_ids": ([], "skills"),
    "mcp_enabled": (False, "MCP servers"),
}


@dataclass(slots=True)
class Effective:
    """A definition as this batch uses it. `id` is None where the kind's defaults are used."""

    id: str | None
    eval_type: str
    enabled: bool = True
    env_profile_ids: Sequence[str] = ()
    model_ids: Sequence[str] = ()
    custom_prompt: str = ""
    expected_behavior: str = ""
    docs_mode: str = EvalDefinition.DocsMode.DEFAULT
    include_env_vars: bool = True
    run_context: Mapping[str, Any] = field(default_factory=dict)
    pass_score: float = 70.0

    def asks(self, target: TargetSnapshot) -> bool:
        """Whether it is for this target: one that names models is for those only, each by its name, provider/name or key."""
        names = {target["model_id"], target["model"], target["key"], f"{target['execution_platform']}/{target['model_id']}"}
        return not self.model_ids or not names.isdisjoint(self.model_ids)

    def snapshot(self) -> DefinitionSnapshot:
        mode = self.docs_mode
        return {
            "id": self.id,
            "eval_type": self.eval_type,
            "custom_prompt": self.custom_prompt,
            "expected_behavior": self.expected_behavior,
            "docs_mode": "include" if mode == "include" else "exclude" if mode == "exclude" else "default",
            "include_env_vars": self.include_env_vars,
            "run_context": dict(self.run_context),
            "pass_score": self.pass_score,
        }


def effective(row: EvalDefinition | None, eval_type: str, overrides: Mapping[str, Any]) -> Effective:
    """`eval_type` is that of the defaults. `overrides` are checked ones."""
    used = Effective(str(row.pk), row.eval_type) if row else Effective(None, eval_type)
    if row:
        for name in FIELDS:
            setattr(used, name, getattr(row, "env_profile_keys" if name == "env_profile_ids" else name))
    for name, value in overrides.items():
        if name in FIELDS and value is not None:
            setattr(used, name, value)
    return used


def check_overrides(overrides: Overrides | None, known: set[str]) -> Overrides:
    """Raises UnknownId for an eval that is not in `known`, and BadValue for a field that cannot have that value."""
    given = {key.lower(): fields for key, fields in (overrides or {}).items()}
    refuse_unknown("eval in eval_overrides", (key for key in given if key not in known))
    for key, fields in given.items():
        for name, value in fields.items():
            _check(("eval_overrides", key, name), name, value)
    return given


def not_here(name: str, value: Any) -> str:
    """Why a field cannot have this value here; "" for one that can, or where it is another's to say."""
    none, what = NOT_HERE.get(name, (value, ""))
    return "" if value in (none, None) else f"This server has no {what}; leave {name} out."


def _check(loc: tuple[str, ...], name: str, value: Any) -> None:
    if name in NOT_HERE:
        if wrong := not_here(name, value):
            raise BadValue(loc, wrong)
    elif name not in FIELDS:
        raise BadValue(loc, f"{name} is no field of an eval. There are: {', '.join(FIELDS)}.")
    elif value is not None:
        _check_value(loc, name, value)


def _has_its_type(name: str, value: Any) -> bool:
    """True and false are no numbers, though Python counts with them."""
    return isinstance(value, FIELDS[name]) and isinstance(value, bool) == (FIELDS[name] is bool)


def _check_value(loc: tuple[str, ...], name: str, value: Any) -> None:
    if not _has_its_type(name, value):
        raise BadValue(loc, f"{name} has a value of another type than the eval's.")
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        raise BadValue(loc, f"{name} is a list of texts.")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise BadValue(loc, f"{name} has {LONGEST_TEXT:,} characters at most; every run of the eval keeps them.")
    if isinstance(value, dict) and len(json.dumps(value)) > LARGEST_CONTEXT:
        raise BadValue(loc, f"{name} has {LARGEST_CONTEXT:,} characters of JSON at most; every run of the eval keeps them.")
    if name == "docs_mode" and value not in EvalDefinition.DocsMode.values:
        raise BadValue(loc, f"docs_mode is one of {', '.join(EvalDefinition.DocsMode.values)}.")
    if name == "pass_score" and not 0 <= value <= 100:
        raise BadValue(loc, "pass_score is from 0 to 100.")
