"""What can be asked for, as API, pages, command and schedule hand it over, and what may be wrong with it. Plain data.

None stands for left out, which an explicit null means too: what is configured is used. An empty list names nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Loc = tuple[str | int, ...]
TargetKind = Literal["text", "agent"]


class BatchRefused(Exception):
    """A request that starts nothing. Its text is the sentence for whoever asked."""


class NothingToRun(BatchRefused):
    """The request is valid, but there is nothing to run (400)."""


class UnknownId(BatchRefused):
    """It names something that the project does not have (404). The text names the ids."""


class BadValue(BatchRefused):
    """A field has a value that cannot be used (422). `loc` leads to it within the request, such as ("targets", 0, "model_id")."""

    def __init__(self, loc: Loc, sentence: str) -> None:
        super().__init__(sentence)
        self.loc = loc


class BadTarget(BadValue):
    """A target names a platform or a model that nobody can ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """One target of a request. The prompt fields mean something for prompts only."""

    target_type: TargetKind
    execution_platform: str
    model_id: str
    prompt_platform_id: str = ""
    prompt_topic_id: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptsRequest:
    """Prompts to be asked. `force` asks again what was already answered today (UTC)."""

    prompt_ids: Sequence[str] | None = None
    targets: Sequence[TargetSpec] | None = None
    force: bool = False
    source_type: Literal["prompts"] = "prompts"

    def as_json(self) -> dict[str, Any]:
        """As the batch keeps it: without what was left out."""
        return _said(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """API tasks or custom evals to be run. `operation_paths` are METHOD:path, `env_profile_ids` the profiles' keys.

    `eval_overrides` has fields of definitions by eval id, or by custom eval id, for this run only.
    """

    source_type: Literal["rest_api", "sdk", "cli", "custom_evals"]
    source_id: str | None = None
    models: Sequence[str] | None = None
    targets: Sequence[TargetSpec] | None = None
    categories: Sequence[str] | None = None
    operation_ids: Sequence[str] | None = None
    operation_paths: Sequence[str] | None = None
    eval_ids: Sequence[str] | None = None
    custom_eval_ids: Sequence[str] | None = None
    eval_types: Sequence[str] | None = None
    env_profile_ids: Sequence[str] | None = None
    eval_overrides: Mapping[str, Mapping[str, Any]] | None = field(default=None)

    def as_json(self) -> dict[str, Any]:
        """As the batch keeps it: without what was left out."""
        return _said(asdict(self))


BatchRequest = PromptsRequest | ApiRequest


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
