"""Rows for tests: plain functions with keyword arguments, each usable alone. Three people: owner, teammate (a viewer), stranger."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from agents.models import Agent
from evalhub.accounts.models import Membership, Project, Role
from runs.events import types
from runs.events.log import append
from runs.events.types import Event
from runs.models import EvalRun, Message, ModelCall, Verdict
from runs.plan import SessionPlan
from runs.states import Status
from templates_app.models import EvalCategory, EvalTemplate
from templates_app.snapshot import snapshot

SIMULATED_START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)  # a Tuesday
CATEGORIES = ("helpfulness", "accuracy", "tone")
_numbers = count(1)


def project(*, name: str = "") -> Project:
    return Project.objects.create(name=name or f"project-{next(_numbers)}")


def user(*, project: Project | None = None, role: str = Role.OWNER, name: str = "", staff: bool = False) -> User:
    """Somebody who can sign in with the password `correct horse battery`; a member when a project is given."""
    person = User.objects.create_user(name or f"user-{next(_numbers)}", password="correct horse battery", is_staff=staff)
    if project:
        Membership.objects.create(user=person, project=project, role=role)
    return person


def owner(*, project: Project) -> User:
    return user(project=project, role=Role.OWNER, staff=True)


def teammate(*, project: Project) -> User:
    """In the same project, to read only."""
    return user(project=project, role=Role.VIEWER)


def stranger() -> User:
    """An owner, but of another project."""
    return user(project=project(), role=Role.OWNER)


def agent(*, project: Project, name: str = "Mara", **columns: Any) -> Agent:
    columns.setdefault("character", {"name": name, "bio": "Plans meals."})
    return Agent.objects.create(project=project, name=name, **columns)


def template(
    *, project: Project | None, name: str = "Conversation quality", kind: str = "quality", categories: Sequence[str] = CATEGORIES
) -> EvalTemplate:
    """A template with categories of weight 1. Without a project it is a system template."""
    made = EvalTemplate.objects.create(project=project, slug="" if project else f"system-{next(_numbers)}", name=name, template_type=kind)
    for position, key in enumerate(categories):
        label = key.replace("_", " ").capitalize()
        EvalCategory.objects.create(template=made, key=key, label=label, prompt_instructions=f"Judge {key}.", position=position)
    return made


def run(
    *,
    project: Project,
    agent: Agent | None = None,
    template: EvalTemplate | None = None,
    adaptation_template: EvalTemplate | None = None,
    sessions: int = 2,
    turns: int = 2,
    **columns: Any,
) -> EvalRun:
    """A pending run of `sessions` sessions with `turns` planned turns each, 24 hours apart."""
    speaker = agent or Agent.objects.filter(project=project).first() or globals()["agent"](project=project)
    plans = [SessionPlan(f"Session {index + 1}", 24 * 60 if index else 0, (), turns).as_json() for index in range(sessions)]
    values: dict[str, Any] = {
        "kind": EvalRun.Kind.RUN_EVAL if template else EvalRun.Kind.SIMULATE,
        "agent_name": speaker.name,
        "agent_snapshot": speaker.snapshot(),
        "template_snapshot": snapshot(template) if template else {},
        "adaptation_template_snapshot": snapshot(adaptation_template) if adaptation_template else {},
        "user_persona": {"name": "Jonas", "goal": "Dinner in 25 minutes"},
        "sessions": plans,
        "planned_turns": sessions * turns,
        "agent_model": "openai/gpt-4o-mini",
        "user_model": "openai/gpt-4o-mini",
        "judge_model": "openai/gpt-4o",
    }
    return EvalRun.objects.create(
        project=project, agent=speaker, template=template, adaptation_template=adaptation_template, **(values | columns)
    )


def message(*, run: EvalRun, role: str, content: str, session: int = 0, **columns: Any) -> Message:
    """The next message of a run, two simulated minutes after the one before it."""
    index = run.messages.count()
    turn = max(run.messages.filter(session_index=session, role="user").count() - (role != "user"), 0)
    at = SIMULATED_START + timedelta(days=session, minutes=2 * index)
    return Message.objects.create(
        run=run, index=index, session_index=session, turn_index=turn, role=role, content=content, **({"simulated_at": at} | columns)
    )


def conversation(*, run: EvalRun, sessions: int = 2, turns: int = 2) -> list[Message]:
    """User and agent in turns. The user's first words are `I have two dogs`."""
    made = []
    for session in range(sessions):
        for turn in range(turns):
            said = "I have two dogs." if not (session or turn) else f"Question {turn + 1} of session {session + 1}?"
            made.append(message(run=run, role="user", content=said, session=session))
            made.append(message(run=run, role="assistant", content=f"Answer {turn + 1} of session {session + 1}.", session=session))
    return made


def category_result(key: str, *, score: float | None = 80.0, **given: Any) -> dict[str, Any]:
    """One category of a result. Its evidence is a quote of message 0 that is there and one of message 1 that is not."""
    evidence = [{"message_index": 0, "quote": "two dogs", "found": True}, {"message_index": 1, "quote": "three cats", "found": False}]
    made = {
        "key": key,
        "label": key.replace("_", " ").capitalize(),
        "weight": 1.0,
        "score": score,
        "spread": None,
        "reasoning": "" if score is None else f"What decides {key}.",
        "unscored_reason": "The judge left this category out." if score is None else "",
        "evidence": [] if score is None else evidence,
    }
    return made | given


def result(*, template: Mapping[str, Any], scores: Mapping[str, float | None] | None = None, **given: Any) -> dict[str, Any]:
    """A judge's result as the engine stores it. `template` is a run's snapshot; `scores` by category key, 80 where not named."""
    rows = [category_result(item["key"], score=(scores or {}).get(item["key"], 80.0)) for item in template["categories"]]
    scored = [row["score"] for row in rows if row["score"] is not None]
    made = {
        "score": round(sum(scored) / len(scored), 1) if scored else None,
        "feedback": "Kind and to the point.",
        "judge_model": "openai/gpt-4o",
        "template_id": template["template_id"],
        "template_name": template["name"],
        "demo": False,
        "samples": 1,
        "spread": None,
        "evidence_checked": 2 * len(scored),
        "evidence_not_found": len(scored),
        "unscored": len(rows) - len(scored),
        "unscored_reason": "",
        "categories": rows,
    }
    return made | given


def call(
    *, run: EvalRun, purpose: str = "agent", model: str = "openai/gpt-4o-mini", price: str | None = "0.0012", **columns: Any
) -> ModelCall:
    values = {"input_tokens": 200, "output_tokens": 40, "latency_ms": 700, "price_usd": None if price is None else Decimal(price)}
    return ModelCall.objects.create(run=run, purpose=purpose, model=model, **(values | columns))


def event(*, run: EvalRun, event: Event) -> dict[str, Any]:
    """Append one event, and return it as a reader of the log sees it."""
    append(run, [event])
    row = run.events.get(seq=run.next_seq - 1)
    return {**row.payload, "run_id": str(run.id), "seq": row.seq}


def turn_event(message: Message) -> types.TurnCompleted:
    """The event that tells of a message."""
    return types.TurnCompleted(
        session_index=message.session_index,
        index=message.index,
        turn_index=message.turn_index,
        role=message.role,
        content=message.content,
        simulated_at=message.simulated_at.isoformat() if message.simulated_at else "",
    )


def finished_run(*, project: Project, scores: Mapping[str, float | None] | None = None, demo: bool = False, **columns: Any) -> EvalRun:
    """A completed run of two sessions: transcript, verdict, calls, events and both results."""
    quality = template(project=project)
    adaptation = template(project=project, name="Adaptation", kind="adaptation", categories=("recall", "consistency"))
    made = run(project=project, template=quality, adaptation_template=adaptation, uses_demo=demo, status=Status.COMPLETED, **columns)
    said = conversation(run=made)
    made.evaluation_result = result(template=made.template_snapshot, scores=scores, demo=demo)
    made.adaptation_result = result(template=made.adaptation_template_snapshot, demo=demo)
    made.score, made.adaptation_score = made.evaluation_result["score"], made.adaptation_result["score"]
    made.total_sessions, made.total_turns, made.simulated_minutes = 2, 4, 24 * 60 + 10
    made.simulation_state = {"sessions": [{"name": "Session 1", "reason": "max_turns"}, {"name": "Session 2", "reason": "goal_met"}]}
    made.simulation_cost_usd, made.evaluation_cost_usd = Decimal("0.0024"), Decimal("0.0100")
    made.started_at, made.completed_at = made.created_at, timezone.now()
    made.save()
    for purpose, model, price in (
        ("user", "openai/gpt-4o-mini", "0.0012"),
        ("agent", "openai/gpt-4o-mini", "0.0012"),
        ("judge", "openai/gpt-4o", "0.0100"),
    ):
        call(run=made, purpose=purpose, model=model, price=price)
    Verdict.objects.create(
        run=made, kind="quality", judge_model="openai/gpt-4o", answer={"categories": made.evaluation_result["categories"]}
    )
    for item in (types.RunStarted(), *map(turn_event, said), types.FinalStatus(status=made.status)):
        event(run=made, event=item)
    return made


def signed_in(person: User) -> Client:
    """A browser of theirs."""
    client = Client()
    client.force_login(person)
    return client
