"""Reads of prompts, topics and brands, each scoped to a project and of a constant number of queries."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast

from evalhub.accounts.models import Project
from evalhub.common.paging import Keyset, first_rows, rows_after
from templates_app.models import Brand, Prompt, PromptTopic

Status = Prompt.Status
IN_USE = (Status.ACTIVE, Status.INACTIVE)
MOST_PLATFORM_LISTS = 500


@dataclass(frozen=True, slots=True)
class PromptFilter:
    """Which prompts. No statuses are all; `search` is part of the text; a platform is one that the prompt names."""

    statuses: Sequence[str] = ()
    topic_id: uuid.UUID | None = None
    platform: str = ""
    tag: str = ""
    search: str = ""


def prompt_list(*, project: Project, wanted: PromptFilter = PromptFilter()) -> QuerySet[Prompt]:  # noqa: B008  frozen
    """Newest first, with topics. Tags are fetched with `prefetch_related("tags")` where they are shown."""
    prompts = Prompt.objects.filter(project=project).select_related("topic").order_by("-created_at", "-id")
    if wanted.statuses:
        prompts = prompts.filter(status__in=wanted.statuses)
    if wanted.topic_id:
        prompts = prompts.filter(topic_id=wanted.topic_id)
    if wanted.tag:
        prompts = prompts.filter(tags__name=wanted.tag)
    if wanted.platform:
        prompts = _naming(prompts, wanted.platform)
    return prompts.filter(text__icontains=wanted.search) if wanted.search else prompts


def prompt_page(*, prompts: QuerySet[Prompt], size: int, after: Keyset | None = None) -> tuple[list[Prompt], bool]:
    """A page by keyset with its tags, and whether more follows. Two queries."""
    return first_rows(rows_after(prompts.prefetch_related("tags"), after), size)


def prompt_counts(*, project: Project) -> dict[str, int]:
    """How many prompts are of each status. One query."""
    counted = Prompt.objects.filter(project=project).order_by().values_list("status").annotate(Count("pk"))
    return {str(status): 0 for status in Status} | dict(counted)


def topic_list(*, project: Project, archived: bool = False) -> QuerySet[PromptTopic]:
    """By name."""
    return PromptTopic.objects.filter(project=project, archived_at__isnull=not archived).order_by("name", "id")


def topics_counted(*, project: Project) -> QuerySet[PromptTopic]:
    """Topics in use with `active` and `in_use`, the numbers of their prompts. One query."""
    return topic_list(project=project).annotate(
        active=Count("prompts", filter=Q(prompts__status=Status.ACTIVE)),
        in_use=Count("prompts", filter=Q(prompts__status__in=IN_USE)),
    )


def brand_list(*, project: Project) -> QuerySet[Brand]:
    """Own ones first, oldest first: the first own one is the company."""
    return Brand.objects.filter(project=project).order_by("-is_own", "created_at", "id")


def own_brand(*, project: Project) -> Brand | None:
    """The company: the first of the project's own brands. One query."""
    return brand_list(project=project).filter(is_own=True).first()


def _naming(prompts: QuerySet[Prompt], platform: str) -> QuerySet[Prompt]:
    """SQLite keeps JSON as text and cannot look into lists, so the name is looked for as the texts of both databases write it."""
    written = {json.dumps(platform), json.dumps(platform, ensure_ascii=False)}
    wanted = Q()
    for name in written:
        wanted |= Q(platforms_text__contains=name)
    return prompts.annotate(platforms_text=Cast("platform_ids", TextField())).filter(wanted)


def platforms_named(*, project: Project) -> list[str]:
    """The platforms that prompts name, of the first MOST_PLATFORM_LISTS different lists of them. One query."""
    lists = Prompt.objects.filter(project=project).order_by().values_list("platform_ids", flat=True).distinct()[:MOST_PLATFORM_LISTS]
    return sorted({name for names in lists for name in names})


def prompt_is_there(*, project: Project, topic_id: str, text: str, platform_ids: Sequence[str]) -> bool:
    """Whether the topic has a prompt of this very text, not archived, that is asked on the same platforms. One query; none for no topic."""
    if not topic_id:
        return False
    same = Prompt.objects.filter(project=project, topic_id=uuid.UUID(topic_id), text=text.strip()).exclude(status=Prompt.Status.ARCHIVED)
    return any(sorted(each) == sorted(platform_ids) for each in same.values_list("platform_ids", flat=True))
