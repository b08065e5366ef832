"""Prompts: asked once as a person would, the answer searched for brands and cited pages, and judged where the prompt has a template."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from runs.engine.outcome import CitationRow, MentionRow, Outcome
from runs.engine.trials import behaviour, sandboxed
from runs.engine.trials.asking import ask
from runs.engine.trials.citations import CitedPage, find_citations
from runs.engine.trials.mentions import Brand, BrandMention, find_mentions
from runs.engine.trials.stage import Stage
from runs.models.target import OF_DEMO

AT_ONCE = 20_000  # characters that are searched on the loop; more would hold up other runs
PLATFORM = 120
DOMAIN = 253


async def play(stage: Stage) -> Outcome:
    """Neither passed nor failed where nobody judges: an answer that names other brands is no failure of whoever gave it."""
    answer = await ask(stage, str(stage.plan.subject["text"]))
    worked = stage.found(sandboxed.NAME)
    if worked and not sandboxed.check(worked)["passed"]:
        return await _broken(stage, worked)
    brands = stage.plan.brands
    mentions, pages = _read(answer, brands) if len(answer) <= AT_ONCE else await asyncio.to_thread(_read, answer, brands)
    found = await behaviour.judged(stage)
    return Outcome(
        passed=found.passed,
        score=found.score,
        failure_reasons=found.reasons,
        latency_ms=stage.latency_ms,
        details={"mentions": [_shown(each) for each in mentions], "citations": [_page(each) for each in pages], **stage.execution_details},
        mentions=[_mention(each) for each in mentions],
        citations=[CitationRow(**_page(each)) for each in pages],
        platform=stage.plan.platform[:PLATFORM],
        topic_id=stage.plan.topic_id,
        demo=stage.plan.target["key"].startswith(OF_DEMO),
    )


async def _broken(stage: Stage, worked: Mapping[str, Any]) -> Outcome:
    """A coding agent that broke down: what it printed until then names no brands that count."""
    found = await behaviour.decided(stage, [sandboxed.check(worked)], by_share=False)
    details = {"checks": list(found.checks), "mentions": [], "citations": [], **stage.execution_details}
    return Outcome(passed=False, score=found.score, failure_reasons=found.reasons, latency_ms=stage.latency_ms, details=details)


def _read(answer: str, brands: Sequence[Brand]) -> tuple[list[BrandMention], list[CitedPage]]:
    return find_mentions(answer, brands), find_citations(answer, brands)


def _mention(found: BrandMention) -> MentionRow:
    brand = found.brand
    return MentionRow(brand_id=uuid.UUID(brand.id), brand=brand.name, is_own=brand.is_own, count=found.count, rank=found.rank)


def _shown(found: BrandMention) -> dict[str, Any]:
    """`places` are [start, end] in the answer."""
    brand = found.brand
    own = {"brand_id": brand.id, "brand": brand.name, "is_own": brand.is_own}
    return {**own, "count": found.count, "rank": found.rank, "places": [list(place) for place in found.places]}


def _page(page: CitedPage) -> dict[str, Any]:
    return {"place": page.place, "url": page.url, "domain": page.domain[:DOMAIN], "is_own": page.is_own}
