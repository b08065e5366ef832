"""Whom a batch asks: explicit targets, legacy model names and configured targets, each checked and frozen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.functional import cached_property

from agents.clients import DEMO, SYNONYMS, Providers, load_providers
from agents.harnesses import BUILT_IN, BuiltIn
from agents.llm.errors import LLMError
from agents.llm.spec import ModelSpec
from agents.models import Harness
from evalhub.accounts.models import Project
from runs.batches.request import ApiRequest, BadTarget, BadValue, BatchRequest, Loc, NothingToRun, PromptsRequest, TargetSpec
from runs.batches.snapshots import HarnessSnapshot, TargetSnapshot
from runs.models import Target
from runs.models.target import target_key
from templates_app.models import SourceType

VENDORS = ("openai", "anthropic", "google", "openrouter")
BUILT_IN_SECONDS = 600
MOST_TARGETS = 2000
LONGEST_LABEL = 200
LONGEST_MODEL = 150  # with its platform it is the key of results, which has 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A target, frozen, with what its calls cost by: `spec` is None for a coding agent. `row` is the configured one it came from."""

    frozen: TargetSnapshot
    spec: ModelSpec | None
    row: Target | None = None

    @property
    def identity(self) -> tuple[str, str, str | None]:
        return self.frozen["key"], self.frozen["platform"], self.frozen["topic_id"]


@dataclass(frozen=True)
class Platforms:
    """What a project can ask: its model providers and coding agents. Three queries. Raises NothingToRun where a secret is unreadable."""

    project: Project

    @cached_property
    def providers(self) -> Providers:
        try:
            return load_providers(self.project)
        except LLMError as error:
            raise NothingToRun(error.message) from None

    @cached_property
    def harnesses(self) -> dict[str, HarnessSnapshot]:
        """By name; a row of the project hides the built-in one of that name."""
        return {name: _built_in(agent) for name, agent in BUILT_IN.items()} | {row.name: _harness(row) for row in self._rows}

    @cached_property
    def _rows(self) -> list[Harness]:
        return list(Harness.objects.filter(project=self.project, is_active=True))

    @cached_property
    def names(self) -> list[str]:
        """What execution_platform may be."""
        return [*self.models, *self.harnesses]

    @cached_property
    def models(self) -> list[str]:
        return [*self.providers.by_name, DEMO]

    def judge(self, name: str = "") -> ModelSpec:
        """Who judges: the model of that name, or the default judge. Raises NothingToRun with how to get one."""
        try:
            return self.providers.spec(name, part="judge")
        except LLMError as error:
            raise NothingToRun(error.message) from None

    def asked(self, spec: TargetSpec, loc: Loc) -> Asked:
        """One target. Raises BadTarget."""
        if len(spec.model_id) > LONGEST_MODEL:
            raise BadTarget((*loc, "model_id"), f"A model's name has {LONGEST_MODEL} characters at most.")
        platform = spec.prompt_platform_id or spec.execution_platform
        if platform not in {*self.names, *VENDORS, *SYNONYMS}:
            unknown = "prompt_platform_id" if spec.prompt_platform_id else "execution_platform"
            raise BadTarget((*loc, unknown), f"There is no platform {platform!r}. {self._there_are()}")
        if spec.target_type == "agent":
            return self._agent(spec, loc, platform)
        return self._model(spec, loc, platform)

    def named(self, name: str, loc: Loc) -> Asked:
        """A text target by provider/model or a bare model name. Raises BadTarget."""
        try:
            found = self.providers.spec(name, part="agent") if name.strip() else None
        except LLMError as error:
            raise BadTarget(loc, error.message) from None
        if found is None:
            raise BadTarget(loc, "Name a model.")
        return _text(found, found.provider, found.provider, None)

    def _model(self, spec: TargetSpec, loc: Loc, platform: str) -> Asked:
        if spec.execution_platform in self.harnesses and spec.execution_platform not in self.models:
            raise BadTarget((*loc, "execution_platform"), f"{spec.execution_platform} is a coding agent, not a model provider.")
        if SYNONYMS.get(spec.execution_platform, spec.execution_platform) not in self.models:
            raise BadTarget(
                (*loc, "execution_platform"), f"The model provider {spec.execution_platform!r} is not configured. {self._there_are()}"
            )
        if not spec.model_id.strip():
            raise BadTarget((*loc, "model_id"), f"Name a model of {spec.execution_platform}.")
        try:
            found = self.providers.spec(f"{spec.execution_platform}/{spec.model_id}", part="agent")
        except LLMError as error:
            raise BadTarget((*loc, "model_id"), error.message) from None
        return _text(found, spec.execution_platform, platform, spec.prompt_topic_id)

    def _agent(self, spec: TargetSpec, loc: Loc, platform: str) -> Asked:
        harness = self.harnesses.get(spec.execution_platform)
        if harness is None:
            names = ", ".join(self.harnesses)
            raise BadTarget((*loc, "execution_platform"), f"There is no coding agent {spec.execution_platform!r}. There are: {names}.")
        if not spec.model_id.strip() and (harness["built_in"] or "{model}" in harness["argv"]):
            raise BadTarget((*loc, "model_id"), f"Name the model that {harness['label']} is to use.")
        models: list[str] = next((row.model_names for row in self._rows if row.name == spec.execution_platform), [])
        if models and spec.model_id not in models:
            raise BadTarget((*loc, "model_id"), f"{harness['label']} has no model {spec.model_id!r}. It has: {', '.join(models)}.")
        return _coding(harness, spec, platform)

    def _there_are(self) -> str:
        return f"There are: {', '.join(self.names)}. Add a provider or a coding agent in the settings."


@dataclass(slots=True)
class Judges:
    """The judges of a batch, each looked up once by the name that its request or template has."""

    platforms: Platforms
    found: dict[str, ModelSpec] = field(default_factory=dict)  # by provider/model, as subjects name them
    _names: dict[str, str] = field(default_factory=dict)

    def name_of(self, wanted: str = "") -> str:
        """provider/model of the judge of that name, or of the default judge. Raises NothingToRun with how to get one."""
        if wanted not in self._names:
            judge = self.platforms.judge(wanted)
            self._names[wanted], self.found[judge.name] = judge.name, judge
        return self._names[wanted]


@dataclass(slots=True)
class Asking:
    """Those a batch asks, and configured targets that cannot be asked now, with the reason."""

    asked: list[Asked]
    unaskable: list[tuple[Target, str]] = field(default_factory=list)
    configured: bool = False


def explicit(platforms: Platforms, targets: Sequence[TargetSpec] | None, models: Sequence[str] | None = None) -> Asking | None:
    """What the request names, each once; None where it names neither. Raises BadValue, and NothingToRun where nothing is left."""
    if targets is None and models is None:
        return None
    if len(targets or ()) + len(models or ()) > MOST_TARGETS:
        raise BadValue(("targets" if targets else "models",), f"One run asks {MOST_TARGETS:,} targets at most.")
    # All are checked, the disabled ones too: a mistake in one of them would be found on another day.
    both = [(spec.enabled, platforms.asked(spec, ("targets", place))) for place, spec in enumerate(targets or ())]
    both += [(True, platforms.named(name, ("models", place))) for place, name in enumerate(models or ())]
    if not both:
        raise NothingToRun("The list of targets is empty, so nobody is asked. Leave it out to use the configured targets.")
    enabled = once(asked for is_enabled, asked in both if is_enabled)
    if not enabled:
        raise NothingToRun("Every target of the request is disabled, so nobody is asked. Send enabled=true for one at least.")
    return Asking(enabled)


def configured(platforms: Platforms, rows: Iterable[Target], models: Sequence[str] = ()) -> Asking:
    """Configured targets, or the legacy names where there are none. What cannot be asked now is set apart."""
    found = Asking([], configured=True)
    for row in rows:
        try:
            asked = platforms.asked(spec_of(row), ())
        except BadTarget as error:
            found.unaskable.append((row, str(error)))
        else:
            found.asked.append(Asked(asked.frozen, asked.spec, row))
    if not found.asked and not found.unaskable:
        found.asked = [platforms.named(name, ("models",)) for name in models]
    found.asked = once(found.asked)
    if not found.asked and found.unaskable:
        raise NothingToRun(f"No configured target can be asked now. {found.unaskable[0][1]}")
    return found


def scheduled(project: Project, source_type: str) -> list[Target]:
    """Targets that are used where a request names none: enabled, and not by hand only."""
    rows = Target.objects.filter(project=project, source_type=source_type, enabled=True)
    return list(rows.exclude(frequency="manual"))


def spec_of(row: Target) -> TargetSpec:
    """A configured target as a request would name it."""
    return TargetSpec(
        target_type="agent" if row.target_type == "agent" else "text",
        execution_platform=row.execution_platform,
        model_id=row.model_id,
        prompt_platform_id=row.prompt_platform_id,
        prompt_topic_id=str(row.prompt_topic_id) if row.prompt_topic_id else None,
    )


def request_of(row: Target, *, force: bool = False) -> BatchRequest:
    """All that a configured target is asked, as a request. `force` means something for prompts only."""
    if row.source_type == SourceType.PROMPTS:
        return PromptsRequest(force=force)
    source_id = str(row.source_id) if row.source_id else None
    return ApiRequest(source_type=row.source_type, source_id=source_id)  # type: ignore[arg-type]  # the other four kinds


def once(targets: Iterable[Asked]) -> list[Asked]:
    """Each once, the first of those that are the same."""
    found: dict[tuple[str, str, str | None], Asked] = {}
    for target in targets:
        found.setdefault(target.identity, target)
    return list(found.values())


def _text(spec: ModelSpec, execution: str, platform: str, topic: str | None) -> Asked:
    frozen: TargetSnapshot = {
        "target_type": "text",
        "execution_platform": execution,
        "platform": platform,
        "model_id": spec.model,
        "label": _label(spec.name, execution, platform),
        "key": target_key("text", execution, spec.model),
        "model": spec.name,
        "harness": None,
        "topic_id": topic,
        "is_demo": spec.provider == DEMO,
    }
    return Asked(frozen, spec)


def _coding(harness: HarnessSnapshot, spec: TargetSpec, platform: str) -> Asked:
    shown = " · ".join(part for part in (harness["label"], spec.model_id) if part)
    frozen: TargetSnapshot = {
        "target_type": "agent",
        "execution_platform": spec.execution_platform,
        "platform": platform,
        "model_id": spec.model_id,
        "label": _label(shown, spec.execution_platform, platform),
        "key": target_key("agent", spec.execution_platform, spec.model_id),
        "model": "",
        "harness": harness,
        "topic_id": spec.prompt_topic_id,
        "is_demo": False,
    }
    return Asked(frozen, None)


def _label(shown: str, execution: str, platform: str) -> str:
    return (shown if platform == execution else f"{shown} as {platform}")[:LONGEST_LABEL]


def _built_in(agent: BuiltIn) -> HarnessSnapshot:
    return {
        "name": agent.key,
        "label": agent.label,
        "built_in": True,
        "argv": "",
        "environment_names": list(agent.variables),
        "allowed_hosts": list(agent.allowed_hosts),
        "timeout_seconds": BUILT_IN_SECONDS,
        "cost_usd": None,
    }


def _harness(row: Harness) -> HarnessSnapshot:
    return {
        "name": row.name,
        "label": str(row),
        "built_in": False,
        "argv": row.argv,
        "environment_names": list(row.environment_names),
        "allowed_hosts": list(row.allowed_hosts),
        "timeout_seconds": row.timeout_seconds,
        "cost_usd": None if row.cost_usd is None else str(row.cost_usd),
    }
