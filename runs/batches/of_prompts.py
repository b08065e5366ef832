"""Prompts and whom they go to. A prompt's platforms limit configured targets only; a target with a topic is asked prompts of that topic."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from uuid import UUID

from django.utils import timezone

from evalhub.accounts.models import Project
from runs.batches.chosen import LABEL, Cell, Chosen, Subject, bounded, company, frozen_brands
from runs.batches.named import rows_named
from runs.batches.request import NothingToRun, PromptsRequest, UnknownId
from runs.batches.snapshots import CompanySnapshot, TargetSnapshot
from runs.batches.whom import Asking, Judges, Platforms, configured, explicit, scheduled
from runs.models import Target, Trial
from runs.states import Status
from templates_app.models import Prompt, PromptTopic, SourceType
from templates_app.snapshot import snapshot

NO_TARGETS = (
    "No configured prompt targets were found for this organization. Configure prompt targets first or include targets in the request."
)
NO_PROMPTS = "No active prompts were found, so there is nothing to run. Add prompts first, or activate one."


def choose_prompts(project: Project, request: PromptsRequest, rows: Sequence[Target] | None = None) -> Chosen:
    """Raises UnknownId, BadTarget and NothingToRun."""
    platforms = Platforms(project)
    prompts = _prompts(project, request.prompt_ids)
    asking = explicit(platforms, request.targets)
    _refuse_unknown_topics(project, request)
    asking = asking or _configured(platforms, rows)
    if not prompts:
        raise NothingToRun(NO_PROMPTS)
    targets = [asked.frozen for asked in asking.asked]
    cells = _cells(prompts, targets, limited=asking.configured)
    left = cells if request.force else _not_done_today(project, prompts, targets, cells)
    if not left:
        raise NothingToRun(_why_nothing(len(cells)))
    judges = Judges(platforms)
    brands = frozen_brands(project)
    whose = company(project, brands)
    subjects = [_subject(prompt, judges, whose) for prompt in prompts]
    return Chosen(
        source_type=SourceType.PROMPTS,
        subjects=subjects,
        targets=asking.asked,
        cells=left,
        brands=brands,
        judges=judges.found,
        unaskable=asking.unaskable,
    )


def _prompts(project: Project, ids: Sequence[str] | None) -> list[Prompt]:
    rows = Prompt.objects.filter(project=project).select_related("topic", "template").prefetch_related("template__categories")
    if ids is None:
        return list(rows.filter(status=Prompt.Status.ACTIVE))
    named = rows_named("prompt", ids, rows)
    archived = [str(prompt.pk) for prompt in named if prompt.status == Prompt.Status.ARCHIVED]
    if archived:
        raise UnknownId(f"Prompt is archived: {', '.join(archived[:10])}.")
    return named


def _configured(platforms: Platforms, rows: Sequence[Target] | None) -> Asking:
    rows = scheduled(platforms.project, SourceType.PROMPTS) if rows is None else rows
    if not rows:
        raise NothingToRun(NO_TARGETS)
    return configured(platforms, rows)


def _refuse_unknown_topics(project: Project, request: PromptsRequest) -> None:
    named = [target.prompt_topic_id for target in request.targets or () if target.prompt_topic_id is not None]
    if named:
        rows_named("prompt topic", named, PromptTopic.objects.filter(project=project))


def _cells(prompts: Sequence[Prompt], targets: Sequence[TargetSnapshot], *, limited: bool) -> list[Cell]:
    return bounded(
        (place, number, None)
        for place, prompt in enumerate(prompts)
        for number, target in enumerate(targets)
        if (target["topic_id"] is None or UUID(target["topic_id"]) == prompt.topic_id)
        and (not limited or not prompt.platform_ids or target["platform"] in prompt.platform_ids)
    )


def _not_done_today(project: Project, prompts: Sequence[Prompt], targets: Sequence[TargetSnapshot], cells: Sequence[Cell]) -> list[Cell]:
    """Without those whose prompt was completed since midnight (UTC) by the same platform and model. One query."""
    midnight = datetime.combine(timezone.now().astimezone(UTC).date(), time.min, UTC)
    done = set(
        Trial.objects.filter(project=project, source_type=SourceType.PROMPTS, finished_at__gte=midnight, run__status=Status.COMPLETED)
        .order_by()
        .values_list("ref", "platform", "model")
        .distinct()  # with force, one may be answered any number of times a day
    )
    key = [(target["platform"], target["model_id"]) for target in targets]
    return [cell for cell in cells if (prompts[cell[0]].pk, *key[cell[1]]) not in done]


def _why_nothing(fitting: int) -> str:
    if not fitting:
        return "No target fits any of the chosen prompts: their topics or platforms do not meet."
    return f"All that was chosen ({fitting:,}) has already completed today (UTC). To ask again, tick “Ask again today”, or send force=true."


def _subject(prompt: Prompt, judges: Judges, whose: CompanySnapshot) -> Subject:
    template = snapshot(prompt.template) if prompt.template else {}
    return Subject(
        ref=prompt.pk,
        label=prompt.text[:LABEL],
        group_id=prompt.topic_id,
        group=prompt.topic.name,
        snapshot={
            "source_type": "prompts",
            "ref": str(prompt.pk),
            "text": prompt.text,
            "topic_id": str(prompt.topic_id),
            "topic": prompt.topic.name,
            "template": template,
            "judge_model": judges.name_of(template["judge_model"]) if template else "",
            "company": whose,
        },
    )
