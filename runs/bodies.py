"""A run as the dialect /api/v1 shows it, with exactly the contract's keys. Endpoints and exports call it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from runs.models import EvalRun, Message


def run_body(run: EvalRun, messages: Iterable[Message]) -> dict[str, Any]:
    """Everything about a run. Absent objects are {}, absent ids and names "", and only completed_at may be null."""
    body = {
        **_identity(run),
        **_inputs(run),
        "transcript": [message_body(message) for message in messages],
        "simulation_state": _state(run),
        "evaluation_result": run.evaluation_result,
        "adaptation_result": run.adaptation_result,
        "total_sessions": run.total_sessions,
        "total_turns": run.total_turns,
        "simulated_minutes": run.simulated_minutes,
        "total_cost_usd": run.total_cost_usd,
        "simulation_cost_usd": float(run.simulation_cost_usd),
        "evaluation_cost_usd": float(run.evaluation_cost_usd),
        "started_at": (run.started_at or run.created_at).isoformat(),
        "completed_at": _time(run.completed_at),
        "created_at": run.created_at.isoformat(),
    }
    return body | ({"error_reason": run.error_reason} if run.error_reason else {})


def _state(run: EvalRun) -> dict[str, Any]:
    """The contract has no key for calls whose price is unknown; this object is free, and a cost without them would pass for the whole."""
    return {**run.simulation_state, "unpriced_calls": run.unpriced_calls} if run.unpriced_calls else run.simulation_state


def _identity(run: EvalRun) -> dict[str, Any]:
    return {
        "run_id": str(run.id),
        "project_id": str(run.project_id),
        "tenant_id": str(run.project_id),
        "agent_id": str(run.agent_id or ""),
        "agent_name": run.agent_name,
        "status": str(run.status),
    }


def _inputs(run: EvalRun) -> dict[str, Any]:
    """What the run was started with."""
    return {
        "character_config": run.agent_snapshot.get("character", {}),
        "simulation_config": run.simulation_config,
        "simulation_model": run.agent_model,
        "user_persona": run.user_persona,
        "template_id": str(run.template_id or ""),
        "template_snapshot": run.template_snapshot,
        "adaptation_template_id": str(run.adaptation_template_id or ""),
        "adaptation_template_snapshot": run.adaptation_template_snapshot,
    }


def message_body(message: Message) -> dict[str, Any]:
    """One line of the transcript. `simulated_at` is null where nothing was simulated; empty tool_calls and names are left out."""
    body = {
        "index": message.index,
        "role": str(message.role),
        "content": message.content,
        "session_index": message.session_index,
        "turn_index": message.turn_index,
        "simulated_at": _time(message.simulated_at),
        "created_at": message.created_at.isoformat(),
    }
    told = {"tool_calls": message.tool_calls, "name": message.name}
    return body | {key: value for key, value in told.items() if value}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
