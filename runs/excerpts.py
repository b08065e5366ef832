"""Where a search found a run: a few words around the first match, cut so that templates can mark it without any markup in them.

Reads only the rows of one page. `runs.web` calls it.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery

from runs.listed.search import phrases
from runs.models import EvalRun, Message

AROUND = 60


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Words with their matches apart. `index` is the message they are from, None when they are the agent's or the persona's."""

    where: str
    parts: Sequence[Part]
    index: int | None = None


def excerpts(*, runs: Sequence[EvalRun], text: str) -> Mapping[uuid.UUID, Excerpt]:
    """An excerpt a run, where one is found: of the transcript, else of the persona or the agent's name. Two queries at most."""
    wanted = phrases(text)
    if not wanted or not runs:
        return {}
    said = _messages(runs, wanted)
    found = ((run.id, _excerpt(run, said.get(run.id), _pattern(wanted))) for run in runs)
    return {run_id: excerpt for run_id, excerpt in found if excerpt}


def _pattern(wanted: Sequence[str]) -> re.Pattern[str]:
    """Any of the phrases as whole words, with whatever signs between them."""
    spoken = (r"[\W_]+".join(map(re.escape, phrase.split())) for phrase in sorted(wanted, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(spoken)})(?![^\W_])", re.IGNORECASE)


def _messages(runs: Sequence[EvalRun], wanted: Sequence[str]) -> dict[uuid.UUID, Message]:
    """The first message of each run that seems to have a match. Of a phrase its longest word is looked for: signs may part the words."""
    words = [max(phrase.split(), key=len) for phrase in wanted]
    likely = Q()
    for word in words:
        likely |= Q(content__icontains=word)
    first = Message.objects.filter(likely, run_id=OuterRef("pk")).order_by("index").values("pk")[:1]
    keys = EvalRun.objects.filter(pk__in=[run.id for run in runs]).order_by().values_list(Subquery(first), flat=True)
    return {
        message.run_id: message for message in Message.objects.filter(pk__in=[key for key in keys if key]).only("run", "index", "content")
    }


def _excerpt(run: EvalRun, message: Message | None, pattern: re.Pattern[str]) -> Excerpt | None:
    persona = " · ".join(str(value) for value in run.user_persona.values() if isinstance(value, str | int))
    places = [("Message", message.content, message.index)] if message else []
    for where, text, index in [*places, ("Persona", persona, None), ("Agent", run.agent_name, None)]:
        if parts := cut(text, pattern):
            return Excerpt(where, parts, index)
    return None


def cut(text: str, pattern: re.Pattern[str]) -> list[Part]:
    """Some words on both sides of the first match, all matches within them marked; nothing where there is none."""
    first = pattern.search(text)
    if first is None:
        return []
    begin, end = _edge(text, first.start() - AROUND), _edge(text, first.end() + 2 * AROUND)
    parts, at = [Part("…")] if begin else [], begin
    for match in pattern.finditer(text, begin):
        if match.end() > end and match.start() != first.start():
            break
        parts += [Part(text[at : match.start()]), Part(match.group(), marked=True)]
        at = match.end()
    parts.append(Part(text[at : max(end, at)] + ("…" if end < len(text) else "")))
    return [part for part in parts if part.text]


def _edge(text: str, at: int) -> int:
    """The place after the next space, so that a word is not cut; of a text without spaces, the place itself."""
    if at <= 0 or at >= len(text):
        return min(max(at, 0), len(text))
    space = text.find(" ", at, at + AROUND // 2)
    return space + 1 if space >= 0 else at
