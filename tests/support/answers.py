"""Answers to prompts as the engine leaves them: a completed child with its mentions and cited pages, read by the real readers."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from evalhub.accounts.models import Project
from runs.engine.trials.citations import find_citations
from runs.engine.trials.mentions import brands_of, find_mentions
from runs.models import Batch, Citation, EvalRun, Mention, Message, Trial
from runs.models.target import OF_DEMO
from runs.states import Status
from templates_app.models import PromptTopic
from tests.support.trials import ACME, RIVAL, batch_make, prompt_subject, target


def answer(
    text: str,
    *,
    project: Project,
    topic: PromptTopic | None = None,
    platform: str = "openai",
    shown_as: str = "",
    days_ago: int = 0,
    brands: Any = (ACME, RIVAL),
    **columns: Any,
) -> Trial:
    """A prompt that was answered so. `platform` is whose model is asked, `shown_as` the prompt platform, `columns` are the trial's."""
    subject = prompt_subject(topic_id=str(topic.pk if topic else uuid.uuid4()), topic=topic.name if topic else "Gone")
    batch = batch_make(
        [subject], [target(f"{platform}/m")], project=project, brands=[dict(brand) for brand in brands], status=Status.COMPLETED
    )
    return _answered(batch, text, datetime.now(UTC) - timedelta(days=days_ago), shown_as, {"group": subject["topic"], **columns})


def _answered(batch: Batch, text: str, now: datetime, shown_as: str, columns: dict[str, Any]) -> Trial:
    trial = Trial.objects.get(batch=batch)
    EvalRun.objects.filter(pk=trial.pk).update(status=Status.COMPLETED, uses_demo=trial.platform == "demo")
    trial.platform = shown_as or trial.platform
    for index, (role, content) in enumerate([("user", "Which cloud is best?"), ("assistant", text)]):
        Message.objects.create(run=trial.run, index=index, role=role, content=content)
    known = brands_of(batch.brands)
    place = {"run": trial.run, "project": batch.project, "day": now.date(), "platform": trial.platform, "topic_id": trial.group_id}
    place["demo"] = trial.target_key.startswith(OF_DEMO)
    mentions, pages = find_mentions(text, known), find_citations(text, known)
    Mention.objects.bulk_create(
        Mention(**place, brand_id=one.brand.id, brand=one.brand.name, is_own=one.brand.is_own, count=one.count, rank=one.rank)
        for one in mentions
    )
    Citation.objects.bulk_create(
        Citation(**place, place=page.place, url=page.url, domain=page.domain, is_own=page.is_own) for page in pages
    )
    said = [
        {"brand_id": one.brand.id, "brand": one.brand.name, "is_own": one.brand.is_own, "count": one.count, "rank": one.rank}
        | {"places": [list(span) for span in one.places]}
        for one in mentions
    ]
    cited = [{"place": page.place, "url": page.url, "domain": page.domain, "is_own": page.is_own} for page in pages]
    trial.details = {"mentions": said, "citations": cited}
    own = [one for one in mentions if one.brand.is_own]
    trial.own_mentions, trial.all_mentions = sum(one.count for one in own), sum(one.count for one in mentions)
    trial.own_rank = min((one.rank for one in own), default=None)
    trial.finished_at = now
    for column, value in columns.items():
        setattr(trial, column, value)
    trial.save()
    return trial
