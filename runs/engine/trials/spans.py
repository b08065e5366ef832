"""What stands in an answer beside its prose: code, addresses of pages and of people. Plain Python, linear in the length of the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

MAX_URL = 2_048
FILE_ENDINGS = re.compile(
    r"(?:bat|c|cfg|cpp|css?|csv|dll|docx|exe|gif|go|h|html|ini|ipynb|java|jpe?g|jsx?|json|kt|lock|log|lua|mdx?|mjs|pdf|php|pl|png|ps|py|rb|rs|sh|sql"
    r"|svg|swift|toml|tsx?|txt|vue|wasm|xlsx|xml|ya?ml|zip)"
)

_FENCE = re.compile(r"^[ \t>]*+(?:[-*+]|\d{1,9}[.)])?[ \t>]*+(`{3,}(?=[^`\n]*$)|~{3,})[^\n]*$", re.MULTILINE)
_TICKS_OR_GAP = re.compile(r"`+|\n[ \t]*\n")
# The characters that end an address wherever it stands: white space, quotes, and the punctuation of scripts that write without spaces.
_BODY = r"[^\s<>\"`{}|\\^\x00-\x1f“”«»、。，；：！？（）「」『』【】《》〈〉]"
_LINK = re.compile(
    rf"(?P<url>(?<![a-z])[a-z][a-z0-9+.-]{{1,15}}+://{_BODY}{{1,{MAX_URL * 2}}}+)"
    rf"|(?P<person>(?<![\w.+-])(?:mailto:)?[\w.+-]{{1,64}}+@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,8}})"
    rf"|(?P<bare>(?<![\w.@+/-])(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,8}}(?P<tld>[a-z]{{2,24}})(?![\w-]|\.[a-z0-9]|@))"
    rf"(?P<path>(?::\d{{1,5}})?[/?\#]{_BODY}{{0,{MAX_URL * 2}}}+)?",
    re.IGNORECASE | re.ASCII,
)
_BRACKET = re.compile(r"[()\[\]]")
_TRAILING = ".,;:!?'*_~’…"


class Kind(Enum):
    CODE = "code"
    URL = "url"  # with its scheme
    PAGE = "page"  # without one, but with www. or a path
    DOMAIN = "domain"  # example.com in a sentence: an address, or a name that looks like one
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Span:
    """`start` to `end` of the text; `inner` is what stands between the marks of inline code, elsewhere the span itself."""

    kind: Kind
    start: int
    end: int
    inner: tuple[int, int]


def scan(text: str) -> list[Span]:
    """Code and addresses in order of their starts. Addresses inside code stand behind it in the list."""
    return sorted([*code_spans(text), *link_spans(text)], key=lambda span: (span.start, -span.end))


def code_spans(text: str) -> Iterator[Span]:
    """Fenced blocks, to their closing fence or the end; inline code, within its paragraph."""
    done = 0
    for start, end in _fenced(text):
        yield from _inline(text, done, start)
        yield Span(Kind.CODE, start, end, (end, end))
        done = end
    yield from _inline(text, done, len(text))


def link_spans(text: str) -> Iterator[Span]:
    """Addresses without the punctuation and brackets of the sentence or link that they stand in."""
    place = 0
    while found := _LINK.search(text, place):
        kind = _kind(found)
        end = found.end() if kind in (Kind.PERSON, Kind.DOMAIN) else address_end(text, found.start(), found.end())
        if kind is not None and end > found.start():
            yield Span(kind, found.start(), end, (found.start(), end))
        place = max(end, found.start() + 1)


def address_end(text: str, start: int, end: int) -> int:
    """Where an address that may go on to `end` stops: before a bracket that it did not open, and before closing punctuation."""
    depth = {"(": 0, "[": 0}
    for bracket in _BRACKET.finditer(text, start, end):
        opener = {")": "(", "]": "["}.get(bracket.group())
        if opener is None:
            depth[bracket.group()] += 1
        elif not depth[opener]:
            end = bracket.start()
            break
        else:
            depth[opener] -= 1
    while end > start and text[end - 1] in _TRAILING:
        end -= 1
    return end


def _kind(found: re.Match[str]) -> Kind | None:
    if found["url"]:
        return Kind.URL
    if found["person"]:
        return Kind.PERSON
    # README.md and node.js look like domains, and ASP.NET/Blazor like a page.
    if FILE_ENDINGS.fullmatch(found["tld"]) or not found["tld"].islower():
        return None
    return Kind.PAGE if found["path"] or found["bare"].lower().startswith("www.") else Kind.DOMAIN


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not text[fence.end(1) : fence.end()].strip():
            yield opened.start(1), fence.end()
            opened = None
    if opened is not None:
        yield opened.start(1), len(text)


def _inline(text: str, start: int, end: int) -> Iterator[Span]:
    runs: list[re.Match[str]] = []
    for found in _TICKS_OR_GAP.finditer(text, start, end):
        if found.group()[0] == "`":
            runs.append(found)
            continue
        yield from _paired(text, runs)
        runs = []
    yield from _paired(text, runs)


def _paired(text: str, runs: list[re.Match[str]]) -> Iterator[Span]:
    """A run of backticks is closed by the next run of the same length. The next of each is found from behind, so the work stays linear."""
    closing: list[int | None] = [None] * len(runs)
    last: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        length = len(runs[index].group())
        closing[index] = last.get(length)
        last[length] = index
    index = 0
    while index < len(runs):
        closer = closing[index]
        if closer is None:
            index += 1
            continue
        opened, closed = runs[index], runs[closer]
        inside = text[opened.end() : closed.start()]
        left = opened.end() + len(inside) - len(inside.lstrip())
        yield Span(Kind.CODE, opened.start(), closed.end(), (left, left + len(inside.strip())))
        index = closer + 1
