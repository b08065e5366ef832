"""What a new batch of one kind can be made of, in one project: what is asked, whom, and in which environments. Lists are bounded."""

import uuid
from dataclasses import dataclass, field

from django.db.models import Q

from agents.clients import DEMO_HASTY, DEMO_MODELS
from agents.models import Harness
from evalhub.accounts.models import Project
from runs.batches.whom import Platforms, scheduled
from runs.models import TargetType
from runs.models.target import target_key
from templates_app.models import ApiOperation, ApiSource, CustomEval, CustomEvalCategory, EnvProfile, Prompt, PromptTopic, SourceType

MOST_SHOWN = 500
LABEL = 140
DEMO_NOTES = {DEMO_MODELS["agent"]: "needs no key; right most of the time", DEMO_HASTY: "needs no key; makes more mistakes"}
Choices = list[tuple[str, str]]
WITH_SOURCES = (SourceType.REST_API, SourceType.SDK, SourceType.CLI)


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be picked. `value` is type:platform:model for a target."""

    value: str
    label: str
    note: str = ""


@dataclass(slots=True)
class Desk:
    """`groups` are topics or categories. `configured` targets are used where none are picked; `agents` are coding agents' names."""

    project: Project
    kind: str
    sources: Choices = field(default_factory=list)
    source: ApiSource | None = None
    groups: Choices = field(default_factory=list)
    subjects: list[Option] = field(default_factory=list)
    standard: int = 0  # of the subjects shown, those that run where none are named
    profiles: Choices = field(default_factory=list)
    targets: list[Option] = field(default_factory=list)
    configured: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)

    @property
    def has_sources(self) -> bool:
        return self.kind in WITH_SOURCES

    @property
    def is_cut(self) -> bool:
        """Whether there may be more to pick than is shown."""
        return len(self.subjects) == MOST_SHOWN


def desk_of(project: Project, kind: str, source_id: str = "") -> Desk:
    """At most nine queries. A source that is not there is the first one. Raises NothingToRun where a provider's secret is unreadable."""
    desk = Desk(project, kind)
    if desk.has_sources:
        _sources(desk, source_id)
    subjects = {SourceType.PROMPTS: _prompts, SourceType.CUSTOM_EVALS: _customs}.get(SourceType(kind), _operations)
    subjects(desk)
    if kind != SourceType.PROMPTS:
        _profiles(desk)
    _targets(desk)
    return desk


def _sources(desk: Desk, source_id: str) -> None:
    known = ApiSource.objects.filter(project=desk.project, source_type=desk.kind).select_related("default_env_profile")
    rows = known.defer("document", "docs")[:MOST_SHOWN]
    by_id = {str(row.pk): row for row in rows}
    desk.sources = [(key, row.label) for key, row in by_id.items()]
    desk.source = by_id.get(source_id) or next(iter(by_id.values()), None)


def _prompts(desk: Desk) -> None:
    rows = Prompt.objects.filter(project=desk.project, status=Prompt.Status.ACTIVE).select_related("topic")[:MOST_SHOWN]
    desk.subjects = [Option(str(row.pk), _short(row.text), row.topic.name) for row in rows]
    desk.standard = len(desk.subjects)
    topics = PromptTopic.objects.filter(project=desk.project, archived_at=None).values_list("pk", "name")[:MOST_SHOWN]
    desk.groups = [(str(key), name) for key, name in topics]


def _operations(desk: Desk) -> None:
    if desk.source is None:
        return
    rows = ApiOperation.objects.filter(source=desk.source, is_active=True).defer("snapshot", "description")[:MOST_SHOWN]
    desk.subjects = [Option(str(row.pk), _short(str(row)), row.summary[:LABEL]) for row in rows]
    desk.standard = sum(row.is_selected for row in rows)
    names = ApiOperation.objects.filter(source=desk.source, is_active=True).exclude(category="").order_by("category")
    desk.groups = [(name, name) for name in names.values_list("category", flat=True).distinct()[:MOST_SHOWN]]


def _customs(desk: Desk) -> None:
    rows = CustomEval.objects.filter(project=desk.project).select_related("category")[:MOST_SHOWN]
    desk.subjects = [Option(str(row.pk), _short(row.description or row.prompt), row.category.name if row.category else "") for row in rows]
    desk.standard = sum(row.is_selected for row in rows)
    categories = CustomEvalCategory.objects.filter(project=desk.project).values_list("pk", "name")[:MOST_SHOWN]
    desk.groups = [(str(key), name) for key, name in categories]


def _profiles(desk: Desk) -> None:
    usable = Q(source=None) | Q(source=desk.source) if desk.source else Q(source=None)
    rows = EnvProfile.objects.filter(usable, project=desk.project).values_list("key", "name")[:MOST_SHOWN]
    desk.profiles = list(rows)


def _targets(desk: Desk) -> None:
    platforms = Platforms(desk.project)
    source_id: uuid.UUID | None = desk.source.pk if desk.source else None
    configured = [row for row in scheduled(desk.project, desk.kind) if row.source_id == source_id]
    desk.configured = [str(row) for row in configured]
    desk.agents = set(platforms.harnesses) - set(platforms.models)
    desk.targets = [option_of(key) for key in dict.fromkeys([*(row.key for row in configured), *known_keys(platforms)])]


def known_keys(platforms: Platforms) -> list[str]:
    """Models that can be named without looking further, and coding agents of the project's own that list their models. One query."""
    names = [name for name in platforms.providers.known_names() if name not in (DEMO_MODELS["user"], DEMO_MODELS["judge"])]
    texts = [target_key(TargetType.TEXT, *name.split("/", 1)) for name in names]
    rows = Harness.objects.filter(project=platforms.project, is_active=True).values_list("name", "model_names")
    return texts + [target_key(TargetType.AGENT, name, str(model)) for name, models in rows for model in models]


def option_of(key: str) -> Option:
    kind, _, rest = key.partition(":")
    platform, _, model = rest.partition(":")
    name = f"{platform}/{model}"
    return Option(key, name, "coding agent" if kind == TargetType.AGENT else DEMO_NOTES.get(name, ""))


def _short(text: str) -> str:
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"
