"""A diagnosis as Markdown, for people and their language models. What models and people wrote in it is quoted, so that it stays text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from runs.batches.diagnosis import Counted, Diagnosis, Pattern

LONGEST = 300
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def markdown(found: Diagnosis, company: str, since: datetime) -> str:
    """The report: figures, then the reasons with what they are about, then the newest failures."""
    return "\n".join([*_head(found, company, since), *_tables(found), *_reasons(found.patterns), *_examples(found)]).rstrip() + "\n"


def plain(text: str) -> str:
    """One line in which nothing is markup, cut where it is long."""
    line = " ".join(text.split())
    return _SPECIAL.sub(r"\\\1", line if len(line) <= LONGEST else f"{line[:LONGEST]}…")


def _head(found: Diagnosis, company: str, since: datetime) -> Iterator[str]:
    yield f"# Why runs of {plain(company)} fail"
    yield ""
    rate = "" if found.failure_rate is None else f" ({100 * found.failure_rate:.1f} % of those that passed or failed)"
    yield f"Since {since:%Y-%m-%d %H:%M} UTC: {found.total} runs, {found.failed} failed{rate}, {found.passed} passed."
    yield ""


def _tables(found: Diagnosis) -> Iterator[str]:
    yield from _table("What fails most", ("what", "failures"), ((plain(each.label), each.count) for each in found.endpoints))
    yield from _table("Who fails most", ("model", "failures"), ((_model(each), each.count) for each in found.models))


def _model(each: Counted) -> str:
    return f"{plain(each.label)} ({plain(each.platform)})"


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    if lines:
        yield from (f"## {title}", "", f"| {' | '.join(names)} |", "|---|---:|", *lines, "")


def _reasons(patterns: Sequence[Pattern]) -> Iterator[str]:
    for each in patterns:
        yield f"## {each.label}: {each.count} ({100 * each.share:.1f} %, {each.severity})"
        yield ""
        yield plain(each.description)
        yield ""
        for said in each.said:
            yield f"- Such as: {plain(said)}"
        yield from _named("Of", [f"{each.label} ({each.count})" for each in each.endpoints])
        yield from _named("With", each.models)
        yield from _named("Runs", list(map(str, each.run_ids)))
        yield ""


def _named(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"- {what}: {', '.join(map(plain, names))}"


def _examples(found: Diagnosis) -> Iterator[str]:
    if not found.examples:
        return
    yield "## The newest failures"
    yield ""
    for each in found.examples:
        trial = each.result.trial
        yield f"- {plain(trial.label)} with {plain(trial.model)}: {', '.join(trial.failure_reasons) or 'no reason'} ({trial.pk})"
