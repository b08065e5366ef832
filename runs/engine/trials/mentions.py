"""Which brands an answer names, how often, where, and in which order. Plain Python; `docs/decisions/0020` says why these rules.

A name counts as a word of its own, in any typography; where names overlap the longest counts. Inside addresses and code it is no mention,
unless it is all that stands there: `Acme` in backticks, or Booking.com as the name of a brand.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ahocorasick_rs import AhoCorasick

from runs.engine.trials.folding import fold, is_word
from runs.engine.trials.spans import Kind, Span, scan

MAX_PLACES = 50  # kept of one brand in one answer; `count` counts them all
MAX_TEXT = 400_000
MARKS = " \t\n™®©℠"  # around a name, they are not of it

# Scripts that write words without spaces, or (Hangul) join particles to them: from, to.
_SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul in parts
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3040, 0x31FF),  # kana, bopomofo, Hangul
    (0x3400, 0x9FFF),  # Han
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand as a batch froze it."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    domain: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class BrandMention:
    """`places` are (start, end) in the text as it was given; `rank` is 1 for the brand that is named first."""

    brand: Brand
    count: int
    rank: int
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    brand: int


def brands_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Brand, ...]:
    """From the JSON of a batch: [{id, name, aliases, domain, is_own}]."""
    return tuple(
        Brand(
            str(row["id"]), str(row["name"]), tuple(map(str, row.get("aliases") or ())), str(row.get("domain") or ""), bool(row["is_own"])
        )
        for row in rows
    )


def find_mentions(text: str, brands: Sequence[Brand]) -> list[BrandMention]:
    """The brands that `text` names, first named first. The first MAX_TEXT characters are read."""
    return matcher(tuple(brands)).mentions(text[:MAX_TEXT])


@lru_cache(maxsize=64)
def matcher(brands: tuple[Brand, ...]) -> "Matcher":
    """Compiled once for a set of brands: all answers of a batch have the same."""
    return Matcher(brands)


class Matcher:
    """Looks for every name of every brand in one pass."""

    def __init__(self, brands: tuple[Brand, ...]) -> None:
        self.brands = brands
        self.owners: dict[str, int] = {}
        for index, brand in enumerate(brands):
            for name in (brand.name, *brand.aliases):
                if folded := folded_name(name):
                    self.owners.setdefault(folded, index)  # a name that two brands claim is the first one's
        self.names = list(self.owners)
        self.automaton = AhoCorasick(self.names) if self.names else None

    def is_name(self, text: str) -> bool:
        """Whether the text is the whole name of a brand."""
        return folded_name(text) in self.owners

    def mentions(self, text: str) -> list[BrandMention]:
        """See `find_mentions`."""
        places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for hit in sorted(self._hits(text), key=lambda hit: hit.start):
            places[hit.brand].append((hit.start, hit.end))
        return [
            BrandMention(self.brands[brand], len(found), rank, tuple(found[:MAX_PLACES]))
            for rank, (brand, found) in enumerate(places.items(), start=1)
        ]

    def _hits(self, text: str) -> list[_Hit]:
        if self.automaton is None:
            return []
        folded = fold(text)
        found = [
            (start, end, self.owners[self.names[name]])
            for name, start, end in self.automaton.find_matches_as_indexes(folded.text, overlapping=True)
            if stands_alone(folded.text, start, end)
        ]
        if not found:
            return []
        origins = [(folded.origin(start, end), brand) for start, end, brand in _longest(found)]
        return _in_prose(scan(text), [_Hit(*origin, brand) for origin, brand in origins if origin])


def folded_name(name: str) -> str:
    """A name as it is looked for; empty if nothing of it can be."""
    return fold(name.strip(MARKS)).text.strip()


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the folded text has a name of its own from `start` to `end`, not a part of a word."""
    return not _joined_before(text, start) and not _joined_after(text, end)


def _joined_before(text: str, start: int) -> bool:
    if not start:
        return False
    before, first = text[start - 1], text[start]
    if is_word(before):
        return not (is_spaceless(before) or is_spaceless(first))
    if before not in "._" or start < 2 or not is_word(first):
        return False
    # node.js, acme_pro: the word goes on over the point or the underscore. "1.Acme" is a list.
    return text[start - 2].isalnum() if before == "_" else text[start - 2].isalpha()


def _joined_after(text: str, end: int) -> bool:
    if end == len(text):
        return False
    last, after = text[end - 1], text[end]
    if is_word(after) and not after.isalnum():
        return True  # a mark makes another letter of the last one
    if not is_word(last) or is_spaceless(last) or is_spaceless(after):
        return False  # C++17 names C++
    if is_word(after):
        return True
    if after in "._":
        return end + 1 < len(text) and text[end + 1].isalnum() and not is_spaceless(text[end + 1])
    return after in "+#" and _ends_in_signs(text, end)


def _ends_in_signs(text: str, end: int) -> bool:
    """C is not named by C++ or C#, but both of A+B are. What follows the signs decides."""
    behind = text[end : end + 4].lstrip("+#")
    return not behind or not is_word(behind[0])


def is_spaceless(character: str) -> bool:
    """Of a script in which the end of a word cannot be seen."""
    code = ord(character)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _SPACELESS)


def _longest(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Of those that overlap the longest, of equally long ones the first. A longer one taken covers an end of every shorter one it meets."""
    taken: list[tuple[int, int, int]] = []
    covered: set[int] = set()
    for start, end, brand in sorted(found, key=lambda hit: (hit[0] - hit[1], hit[0])):
        if start not in covered and end - 1 not in covered:
            covered.update(range(start, end))
            taken.append((start, end, brand))
    return taken


def _in_prose(spans: list[Span], hits: list[_Hit]) -> list[_Hit]:
    """Without those in code and addresses, unless they are all of it. `spans` are in order."""
    kept: list[_Hit] = []
    inside: list[Span] = []
    upcoming = iter(spans)
    span = next(upcoming, None)
    for hit in sorted(hits, key=lambda hit: hit.start):
        while span is not None and span.start < hit.end:
            inside.append(span)
            span = next(upcoming, None)
        inside = [one for one in inside if one.end > hit.start]
        if all(one.inner == (hit.start, hit.end) and one.kind in (Kind.CODE, Kind.DOMAIN) for one in inside):
            kept.append(hit)
    return kept
