"""What one answer to a prompt says of brands, for the page of its run: the answer with their names marked, ranks, and pages cited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.models import Batch, Message, Trial
from templates_app.models import SourceType

LONGEST_SHOWN = 40_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the answer. `brand` is empty where it names none."""

    text: str
    brand: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A brand that the answer names."""

    rank: int
    brand: str
    is_own: bool
    count: int


@dataclass(frozen=True, slots=True)
class Cited:
    """A page that the answer cites. `href` is empty for what is no web address, which is then shown and leads nowhere."""

    url: str
    href: str
    domain: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class PromptOutcome:
    """`unnamed` are brands that were looked for and are not in the answer; `cut` says that the answer goes on."""

    pieces: Sequence[Piece]
    cut: bool
    named: Sequence[Named]
    unnamed: Sequence[str]
    cited: Sequence[Cited]


def prompt_outcome(trial: Trial) -> PromptOutcome | None:
    """None for a child of another kind, or one that has no answer. Two queries."""
    if trial.source_type != SourceType.PROMPTS:
        return None
    said = Message.objects.filter(run_id=trial.pk, role=Message.Role.ASSISTANT).order_by("index").values_list("content", flat=True).first()
    if said is None:
        return None
    brands = Batch.objects.filter(pk=trial.batch_id).values_list("brands", flat=True).first() or []
    return outcome(said, trial.details, [str(brand["name"]) for brand in brands])


def outcome(answer: str, details: Mapping[str, Any], brands: Sequence[str]) -> PromptOutcome:
    """Out of the answer, the details that the trial kept of it, and the names of the brands that were looked for."""
    mentions = [item for item in details.get("mentions") or () if isinstance(item, Mapping)]
    named = [Named(int(item["rank"]), str(item["brand"]), bool(item["is_own"]), int(item["count"])) for item in mentions]
    there = {one.brand for one in named}
    return PromptOutcome(
        pieces=_pieces(answer[:LONGEST_SHOWN], mentions),
        cut=len(answer) > LONGEST_SHOWN,
        named=sorted(named, key=lambda one: one.rank),
        unnamed=[name for name in brands if name not in there],
        cited=[_cited(item) for item in details.get("citations") or () if isinstance(item, Mapping)],
    )


def _pieces(answer: str, mentions: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """The whole answer, cut at the places of names. A place that cannot be one is passed over: the text is never lost or said twice."""
    places = sorted((start, end, str(item["brand"]), bool(item["is_own"])) for item in mentions for start, end in item.get("places") or ())
    pieces, done = [], 0
    for start, end, brand, is_own in places:
        if not done <= start < end <= len(answer):
            continue
        pieces += [Piece(answer[done:start]), Piece(answer[start:end], brand, is_own)]
        done = end
    return [piece for piece in (*pieces, Piece(answer[done:])) if piece.text]


def _cited(item: Mapping[str, Any]) -> Cited:
    url = str(item["url"])
    return Cited(url, url if url.lower().startswith(("http://", "https://")) else "", str(item["domain"]), bool(item["is_own"]))
