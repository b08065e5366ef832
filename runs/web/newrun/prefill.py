"""What a new run begins with: the query of its address, or a past run that is to be run again with changes."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from agents.seed_data import DEFAULT_PERSONA
from evalhub.accounts.models import Project
from evalhub.common.ids import id_or_none
from runs.bodies import message_body
from runs.models import EvalRun
from runs.plan import DEFAULT_TURNS
from runs.scenarios import MEMORY_FLAGS, SIMULATES, longest_free, sessions_of
from runs.web.newrun.desk import Desk
from runs.web.newrun.fields import MOST_TRANSCRIPT, Kind
from runs.web.newrun.forms import NEW, PERSONA_LISTS, PERSONA_TEXTS, Type
from runs.web.newrun.script import MOST_TURNS, Script

Initial = dict[str, Any]
TOO_LONG = "The transcript of that run is too long for this form; judge it again from its own page."
TOO_MANY = f"Only the first {MOST_TURNS} scripted turns of that run fit this form."


def blank(desk: Desk, query: Mapping[str, str]) -> Initial:
    """A sensible start: the first of everything, or what the address names."""
    agents, quality = list(desk.agents), desk.choices_of(Type.QUALITY)
    found: Initial = {
        "token": uuid.uuid4(),
        "agent": agents[0] if agents else "",
        "kind": Kind.RUN_EVAL,
        "template": quality[0][0] if quality else "",
        "adaptation_template": "",
        "turns": DEFAULT_TURNS,
        "repeats": 1,
        **_persona(desk, {}),
    }
    return found | _named(desk, query)


def _named(desk: Desk, query: Mapping[str, str]) -> Initial:
    """What ?agent=, ?template= and ?persona= name. An id that leads nowhere changes nothing."""
    found: Initial = {}
    if query.get("agent") in desk.agents:
        found["agent"] = query["agent"]
    if query.get("persona") in desk.personas:
        found["persona"] = query["persona"]
    template = desk.templates.get(query.get("template", ""))
    if template:
        found["template" if template.template_type == Type.QUALITY else "adaptation_template"] = str(template.pk)
    return found


def like(desk: Desk, run_id: str) -> tuple[Initial, Script, str] | None:
    """A past run's scenario, its script, and what of it does not fit ("" when all does). None when there is no such run here."""
    run = _found(desk.project, run_id)
    if run is None:
        return None
    found = blank(desk, {}) | _chosen(desk, run)
    if run.kind in SIMULATES:
        sessions = sessions_of(run)
        found |= {"turns": longest_free(sessions, found["turns"]), **_persona(desk, run.user_persona), **_config(run)}
        script = Script.of(sessions)
        return found, script, TOO_MANY if script.cut() else ""
    found["transcript"] = _transcript(run)
    return found, Script(), "" if found["transcript"] else TOO_LONG


def _found(project: Project, run_id: str) -> EvalRun | None:
    key = id_or_none(run_id)
    return EvalRun.objects.of(project).filter(pk=key).first() if key else None


def _chosen(desk: Desk, run: EvalRun) -> Initial:
    """Agent, kind and templates as far as they are still there, and the models that were named for this run alone."""
    judges = {name for name in (run.template_snapshot.get("judge_model"), run.adaptation_template_snapshot.get("judge_model")) if name}
    agent = desk.agents.get(str(run.agent_id))
    model = str(run.agent_snapshot.get("model") or "")
    return {
        "agent": str(run.agent_id) if agent else "",
        "kind": run.kind if run.kind in SIMULATES else Kind.EVALUATE,
        "template": str(run.template_id) if str(run.template_id) in desk.templates else "",
        "adaptation_template": str(run.adaptation_template_id) if str(run.adaptation_template_id) in desk.templates else "",
        "max_cost_usd": run.max_cost_usd,
        "agent_model": model if agent and model != agent.model else "",
        "judge_model": run.judge_model if judges and run.judge_model not in judges else "",
    }


def _config(run: EvalRun) -> Initial:
    config = run.simulation_config
    return {"user_model": str(config.get("model") or ""), **{name: bool(config.get(name)) for name in MEMORY_FLAGS}}


def _persona(desk: Desk, given: Mapping[str, Any]) -> Initial:
    """The library's persona where it says just this, else what it says, written out. Without any, the library's first."""
    if not given and desk.personas:
        return {"persona": next(iter(desk.personas))}
    columns = (*PERSONA_TEXTS, *PERSONA_LISTS, "patience")
    for key, persona in desk.personas.items():
        if all((getattr(persona, name) or None) == (given.get(name) or None) for name in columns):
            return {"persona": key}
    return {"persona": NEW, **_written(given or DEFAULT_PERSONA)}


def _written(given: Mapping[str, Any]) -> Initial:
    texts = {f"persona_{name}": str(given.get(name) or "") for name in PERSONA_TEXTS}
    lists = {f"persona_{name}": _lines(given.get(name)) for name in PERSONA_LISTS}
    return {**texts, **lists, "persona_patience": given.get("patience")}


def _lines(items: object) -> str:
    return "\n".join(map(str, items)) if isinstance(items, list | tuple) else str(items or "")


def _transcript(run: EvalRun) -> str:
    """The messages as JSON that the form reads again; "" when they are too many."""
    kept = ("role", "content", "name", "tool_calls", "session_index")
    rows = []
    size = 0
    for message in run.messages.order_by("index").iterator(chunk_size=500):
        body = message_body(message)
        rows.append({key: body[key] for key in kept if key in body})
        size += len(message.content)
        if size > MOST_TRANSCRIPT:
            return ""
    text = json.dumps(rows, ensure_ascii=False, indent=1)
    return text if len(text) <= MOST_TRANSCRIPT else ""
