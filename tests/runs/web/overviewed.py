"""Runs for the tests of the overview, and how they read it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from evalhub.accounts.models import Project
from runs.models import EvalRun
from runs.overview import Overview, Subject, overview
from runs.score_tally import Part
from runs.states import Status
from templates_app.models import EvalTemplate
from tests import factories


def today() -> date:
    return datetime.now(UTC).date()


def at(days: float) -> datetime:
    """So many days ago, at noon of that day or before now."""
    return min(timezone.now(), datetime.combine(today() - timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=12))


def scored(project: Project, template: EvalTemplate, score: float | None, *, days: float = 0, **columns: Any) -> EvalRun:
    given = {"status": Status.COMPLETED, "created_at": at(days), "score": score} | columns
    run = factories.run(project=project, template=template, **given)
    if score is not None:
        EvalRun.objects.filter(pk=run.pk).update(evaluation_result=factories.result(template=run.template_snapshot, score=score))
    return run


def figures(project: Project, days: int = 30) -> Overview:
    return overview(project=project, today=today(), days=days)


def text(html: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.decode()))


def cell(project: Project, template: EvalTemplate) -> Subject:
    return Subject(Part.QUALITY, template.pk, demo=False, agent_id=project.agents.get().pk)
