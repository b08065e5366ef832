"""What a run carries, frozen when it was created: the facts for reading, and the snapshots as JSON for who needs all of it. No queries.

Which models answer is known once a worker has taken the run; the rest never changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.models import Agent
from evalhub.common import formatting
from runs.live.conversation import pretty
from runs.models import EvalRun
from runs.states import Status

AGENTS = {kind.value: kind.label for kind in Agent.Kind} | {"target": "Target of a batch"}
SWITCHES = {"enable_consolidation": "memory", "enable_diary": "diary", "enable_proactive": "speaks first"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One frozen object as text. `key` names its element."""

    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One session as it was asked for."""

    name: str
    gap: str
    scripted: int
    most_turns: int


@dataclass(frozen=True, slots=True)
class Rubric:
    """A template as it was frozen: its categories with their part of the whole weight, in per cent."""

    title: str
    name: str
    judge_samples: int
    categories: Sequence[tuple[str, int]]


def frozen(run: EvalRun) -> dict[str, Any]:
    """What the panel "Configuration" shows. Secrets are in none of it."""
    rubrics = [("Quality template", run.template_snapshot), ("Adaptation template", run.adaptation_template_snapshot)]
    return {
        "facts": facts(run),
        "plans": [_plan(item) for item in run.sessions],
        "rubrics": [_rubric(title, rubric) for title, rubric in rubrics if rubric],
        "snapshots": _snapshots(run),
    }


def facts(run: EvalRun) -> list[tuple[str, str]]:
    """Names and values, those that there are."""
    persona, config = run.user_persona, run.simulation_config
    kept = [word for key, word in SWITCHES.items() if config.get(key)]
    every = [
        ("Agent", f"{run.agent_name} ({AGENTS.get(run.agent_snapshot.get('kind', ''), 'unknown kind').lower()})"),
        ("Agent's model", run.agent_model or _until(run, str(run.agent_snapshot.get("model") or ""))),
        ("User's model", run.user_model or str(config.get("model") or "")),
        ("Judge", run.judge_model or str(run.template_snapshot.get("judge_model") or "")),
        ("Adaptation judge", run.adaptation_judge_model or str(run.adaptation_template_snapshot.get("judge_model") or "")),
        ("Persona", str(persona.get("name") or "")),
        ("Wants", str(persona.get("goal") or "")),
        ("Agent keeps", ", ".join(kept)),
        ("User id", run.user_id),
    ]
    return [(name, value) for name, value in every if value]


def _until(run: EvalRun, model: str) -> str:
    """The model that is asked for, until a worker says which one answers."""
    return model or ("the project's default" if run.status == Status.PENDING else "")


def _plan(item: Mapping[str, Any]) -> Plan:
    gap = formatting.gap(int(item.get("gap_minutes", 0))).removesuffix(" later")
    return Plan(str(item.get("name", "")), gap, len(item.get("script", ())), int(item.get("max_turns", 0)))


def _rubric(title: str, rubric: Mapping[str, Any]) -> Rubric:
    categories = rubric.get("categories", ())
    whole = sum(category.get("weight", 1.0) for category in categories) or 1.0
    shares = [(str(item.get("label") or item.get("key", "")), round(100 * item.get("weight", 1.0) / whole)) for item in categories]
    return Rubric(title, str(rubric.get("name", "")), int(rubric.get("judge_samples", 1)), shares)


def _snapshots(run: EvalRun) -> list[Snapshot]:
    every: dict[str, tuple[str, object]] = {
        "agent": ("Agent", run.agent_snapshot),
        "persona": ("Persona", run.user_persona),
        "sessions": ("Sessions", run.sessions),
        "simulation": ("Simulation", run.simulation_config),
        "template": ("Quality template", run.template_snapshot),
        "adaptation-template": ("Adaptation template", run.adaptation_template_snapshot),
        "state": ("Agent's state", run.simulation_state),
    }
    return [Snapshot(f"json-{key}", name, pretty(value)) for key, (name, value) in every.items() if value]
