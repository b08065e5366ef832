"""A run as a Markdown document to read, paste or keep: what it was, its scores, what it cost, and the transcript.

Names, words and reasons in it come from models and strangers: every one is escaped or fenced (runs.exports.markdown).
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from evalhub.common.formatting import duration, score, usd
from runs import selectors
from runs.exports.markdown import fenced, inline, table
from runs.exports.reading import messages
from runs.live.conversation import pretty, session_name, speaker, stop_reason
from runs.models import EvalRun, Message, ModelCall

DEMO = "A demo model played a part: its answers and scores come from text measures, not from a language model."


def as_markdown(run: EvalRun) -> Iterator[str]:
    """Head, scores and costs, then the transcript session by session."""
    yield _head(run)
    for title, result in (("Scores", run.evaluation_result), ("Adaptation", run.adaptation_result)):
        if result:
            yield _judgement(title, result)
    yield _costs(run)
    yield "\n## Transcript\n"
    for session, said_in_it in groupby(messages(run), key=lambda message: message.session_index):
        yield f"\n### {inline(session_name(run, session))}\n"
        for message in said_in_it:
            yield f"\n**{message.index} · {inline(speaker(run, message.role))}** ({message.role})\n\n{fenced(said(message))}"
        if reason := stop_reason(run, session):
            yield f"\nSession ended: {inline(reason)}.\n"


def said(message: Message) -> str:
    """The words of a message and, below them, the tools it calls."""
    calls = [f"Calls a tool: {pretty(call)}" for call in message.tool_calls or []]
    return "\n\n".join(part for part in (message.content, *calls) if part)


def _head(run: EvalRun) -> str:
    facts = [
        ("Run", str(run.id)),
        ("Kind", run.get_kind_display()),
        ("Status", run.status),
        ("Created", run.created_at.isoformat(timespec="seconds")),
        ("Time", duration((run.completed_at - run.started_at).total_seconds()) if run.completed_at and run.started_at else ""),
        ("Persona", str(run.user_persona.get("name") or "")),
        ("Template", str(run.template_snapshot.get("name") or "")),
        ("Adaptation template", str(run.adaptation_template_snapshot.get("name") or "")),
        ("Models", ", ".join(dict.fromkeys(filter(None, (run.agent_model, run.user_model, run.judge_model, run.adaptation_judge_model))))),
        ("Ended because", run.error_reason),
    ]
    lines = "".join(f"- {name}: {inline(value)}\n" for name, value in facts if value)
    return f"# {inline(run.agent_name)}\n\n{lines}" + (f"\n{DEMO}\n" if run.uses_demo else "")


def _judgement(title: str, result: Mapping[str, Any]) -> str:
    demo = " (demo model)" if result.get("demo") else ""
    categories = result.get("categories", ())
    rows = [(inline(_name(each)), _score(each), score(each.get("weight", 1.0))) for each in categories]
    parts = [f"\n## {title}\n\nOverall: {_score(result)}{demo}, judged by {inline(str(result.get('judge_model', '')))}.\n"]
    if result.get("feedback"):
        parts.append("\n" + fenced(str(result["feedback"])))
    parts.append("\n" + table(("Category", "Score", "Weight"), rows))
    for each in categories:
        reason = each.get("reasoning") or each.get("unscored_reason")
        parts.append(f"\n**{inline(_name(each))}**{_cited(each)}\n\n{fenced(str(reason))}" if reason else "")
    return "".join(parts)


def _name(category: Mapping[str, Any]) -> str:
    return str(category.get("label") or category.get("key", ""))


def _score(scored: Mapping[str, Any]) -> str:
    """Unscored is not zero."""
    value, spread = scored.get("score"), scored.get("spread")
    if value is None:
        return "unscored"
    return f"{score(value)} / 100" + (f" ± {score(spread)}" if spread else "")


def _cited(category: Mapping[str, Any]) -> str:
    indexes = [item.get("message_index") for item in category.get("evidence", ()) if item.get("found")]
    named = sorted({index for index in indexes if isinstance(index, int)})
    return f" cites {', '.join(map(str, named))}" if named else ""


def _costs(run: EvalRun) -> str:
    purposes = dict(ModelCall.Purpose.choices)
    rows = [
        (purposes[row.purpose], inline(row.model), str(row.calls), str(row.input_tokens), str(row.output_tokens), _price(row))
        for row in selectors.costs(run=run)
    ]
    if not rows:
        return ""
    return "\n## Costs\n\n" + table(("Purpose", "Model", "Calls", "Tokens in", "Tokens out", "Cost"), rows)


def _price(row: selectors.CostRow) -> str:
    """A price that is not known is never shown as nothing."""
    if row.unpriced and not row.price_usd:
        return "unpriced"
    return usd(row.price_usd) + (f" and {row.unpriced} unpriced" if row.unpriced else "")
