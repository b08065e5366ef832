"""Share of voice and pass rates as somebody counts them who reads every row: what the kept sums are held against."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date
from typing import Any

from evalhub.accounts.models import Project
from evalhub.common.statistics import Sums
from runs.batches.shares import Voice
from runs.batches.voice import Found, Wanted
from runs.models import Citation, Mention, Trial
from runs.models.target import OF_DEMO


def _is_wanted(trial: Trial, wanted: Wanted) -> bool:
    return (
        trial.source_type == "prompts"
        and trial.finished_at is not None
        and trial.first_reason in ("", "behaviour_not_met")
        and wanted.first <= trial.finished_at.astimezone(UTC).date() <= wanted.today
        and trial.target_key.startswith(OF_DEMO) == wanted.demo
        and wanted.platform in ("", trial.platform)
        and wanted.topic_id in (None, trial.group_id)
    )


def _voice(trial: Trial, mentions: Iterable[Mention]) -> Voice:
    own = [one for one in mentions if one.is_own]
    rank = min((one.rank for one in own), default=None)
    ranks = Sums() if rank is None else Sums(1, rank, rank * rank)
    return Voice(1, ranks.n, sum(one.count for one in own), sum(one.count for one in mentions), ranks)


def plain_voice(project: Project, wanted: Wanted) -> dict[str, Any]:
    """By what `shown` tells of what the page found."""
    trials = [trial for trial in Trial.objects.filter(project=project) if _is_wanted(trial, wanted)]
    by_run, cited = defaultdict(list), defaultdict(list)
    for mention in Mention.objects.filter(run__in=[trial.pk for trial in trials]):
        by_run[mention.run_id].append(mention)
    for page in Citation.objects.filter(run__in=[trial.pk for trial in trials]):
        cited[page.domain, page.is_own].append(page.run_id)
    whole = Voice()
    days: dict[date, Voice] = defaultdict(Voice)
    platforms: dict[str, Voice] = defaultdict(Voice)
    topics: dict[Any, Voice] = defaultdict(Voice)
    for trial in trials:
        said = _voice(trial, by_run[trial.pk])
        whole += said
        days[trial.finished_at.astimezone(UTC).date()] += said  # type: ignore[union-attr]
        platforms[trial.platform] += said
        topics[trial.group_id] += said
    brands: dict[Any, list[Mention]] = defaultdict(list)
    for mention in (one for mentions in by_run.values() for one in mentions):
        brands[mention.brand_id].append(mention)
    rivals = [
        (max(one.brand for one in mentions), len(mentions), sum(one.count for one in mentions), sorted(one.rank for one in mentions))
        for mentions in brands.values()
    ]
    return {
        "whole": whole,
        "days": dict(days),
        "platforms": dict(platforms),
        "topics": dict(topics),
        "rivals": sorted((name, n, said, sum(ranks), sum(rank * rank for rank in ranks)) for name, n, said, ranks in rivals),
        "sites": sorted((domain, own, len(set(runs)), len(runs)) for (domain, own), runs in cited.items()),
    }


def shown(found: Found) -> dict[str, Any]:
    """The same of what the page found over days, not weeks."""
    return {
        "whole": found.whole,
        "days": {day: said for day, said in found.steps.items() if said.answers},
        "platforms": dict(found.platforms),
        "topics": {topic.key: said for topic, said in found.topics.items()},
        "rivals": sorted((one.brand, one.answers, one.mentions, one.ranks.total, one.ranks.squares) for one in found.rivals),
        "sites": sorted((one.domain, one.is_own, one.answers, one.citations) for one in found.sites.domains),
    }


def plain_trends(project: Project, source_type: str, by: str, first: date) -> dict[tuple[str, date], tuple[int, int]]:
    """(n, passed) by key and day, of what was decided."""
    found: dict[tuple[str, date], tuple[int, int]] = {}
    for trial in Trial.objects.filter(project=project, source_type=source_type, passed__isnull=False, finished_at__isnull=False):
        where = str(getattr(trial, by)), trial.finished_at.astimezone(UTC).date()  # type: ignore[union-attr]
        n, passed = found.get(where, (0, 0))
        if where[1] >= first:
            found[where] = (n + 1, passed + bool(trial.passed))
    return found
