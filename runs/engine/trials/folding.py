"""Text as it is compared: compatibility forms, case and typography folded away, with the way back to the original. Plain Python."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# What is one character to a reader of names, though Unicode keeps them apart. Turkish: dotted and dotless i are one here, so that
# İSTANBUL, Istanbul and istanbul meet; a name told apart only by that dot would be counted for its twin.
_ONE = str.maketrans(
    {"İ": "i", "ı": "i"} | dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4", "'") | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-")
)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: the matcher reads UTF-8, which has no such thing
# Runs that are not folded character by character: white space, and whatever is not ASCII with the letter a mark may stand on.
_SPECIAL = re.compile(r"\s{2,}|[^\S ]|[0-9A-Za-z]?[^\x00-\x7f\s]+")
_NOTES = ("<super>", "<circle>")  # a footnote's ² or a list's ① beside a name is no letter of it, nor is ™


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is compared; its character i came from the original's `starts[i]` to `ends[i]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def origin(self, start: int, end: int) -> tuple[int, int] | None:
        """The span of the original behind that of the folded text; None if that would cut a character of the original in two."""
        cut_left = start > 0 and self.starts[start - 1] == self.starts[start]
        cut_right = end < len(self.text) and self.ends[end - 1] == self.ends[end]
        return None if cut_left or cut_right else (self.starts[start], self.ends[end - 1])


def fold(text: str) -> Folded:
    """Time and memory grow with the length of the text, whatever is in it."""
    if not _SPECIAL.search(text):
        return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def add(folded: str, start: int, end: int) -> None:
        pieces.append(folded)
        starts.extend([start] * len(folded))
        ends.extend([end] * len(folded))

    def add_plain(start: int, end: int) -> None:
        pieces.append(text[start:end].lower())
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))

    done = 0
    for run in _SPECIAL.finditer(text):
        add_plain(done, run.start())
        done = run.end()
        if run.group().isspace():
            add(_space(run.group()), run.start(), run.end())
            continue
        for start, end in segments(text, run.start(), run.end()):
            add(folded_segment(text[start:end]), start, end)
    add_plain(done, len(text))
    return Folded("".join(pieces), starts, ends)


def segments(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Each character with the marks, joined letters and invisible characters behind it: what may be normalised by itself."""
    found: list[tuple[int, int]] = []
    begin = start
    for place in range(start + 1, end):
        if not _belongs_to_the_one_before(text[place]):
            found.append((begin, place))
            begin = place
    if begin < end:
        found.append((begin, end))
    return found


@lru_cache(maxsize=20_000)
def folded_segment(segment: str) -> str:
    """NFKC and case folding of one segment, without what nobody sees."""
    seen = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", segment)).translate(_ONE)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).translate(_ONE).casefold().translate(_ONE))
    return f"^{folded}^" if seen and unicodedata.decomposition(seen[0]).startswith(_NOTES) else folded


def is_word(character: str) -> bool:
    """A letter, a digit or a mark that stands on one."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


@lru_cache(maxsize=20_000)
def _belongs_to_the_one_before(character: str) -> bool:
    """Marks; vowels and finals of Hangul written in parts; the marks of half-width kana; what is invisible."""
    if "\u1160" <= character <= "\u11ff" or character in "\uff9e\uff9f":
        return True
    return unicodedata.category(character)[0] == "M" or bool(_INVISIBLE.match(character))


def _space(run: str) -> str:
    """White space is one space, so that a name may be wrapped; an empty line parts what stands around it."""
    return "\n" if run.count("\n") > 1 else " "
