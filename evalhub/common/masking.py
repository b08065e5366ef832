"""Takes secret values out of text and JSON before either is stored or shown, also where a server repeats them in another spelling.

Plain Python. It is made for servers that echo, not for one that hides a secret on purpose: that one has it anyway.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

SHORTEST = 4  # a "secret" of two letters would make holes in every word; it is hidden where it is a whole field
CASED = 8  # characters; a value as long is hidden in small and capital letters too, in which hosts, headers and media types are rewritten
BASE64_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
LONGEST_SPELLING = 12  # characters for one of a value: \\uD83D\\uDE00
_UNCHANGED = re.compile("[A-Za-z0-9]+")
_BACKSLASHES = re.compile(r"(\\+)")
NAMED_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


@dataclass(frozen=True)
class _Spelling:
    """One way to write a value. `anchor` is a part of it that never changes: most texts are done with after looking for that."""

    anchor: str
    source: str
    is_base64: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.source)

    def found_in(self, text: str) -> Iterator[tuple[int, int]]:
        if self.anchor in text:
            for match in self.pattern.finditer(text):
                yield _with_edges(text, *match.span()) if self.is_base64 else match.span()


class Mask:
    """Puts `{{NAME}}` where a value stood: as it is or in one case, URL-encoded, escaped in JSON or HTML, in hexadecimal, in base64.

    The patterns of a value are compiled when it is first met, so one mask should serve many texts.
    """

    def __init__(self, values: Mapping[str, str], *, form: str = "{{{{{}}}}}") -> None:
        """`values` by name; `form` is a format string of what is put in their place."""
        known = {value.strip(): form.format(name) for name, value in sorted(values.items(), reverse=True)}
        long = sorted((value for value in known if len(value) >= SHORTEST), key=len, reverse=True)
        short = [value for value in known if 0 < len(value) < SHORTEST]
        self._secrets = [(known[value], tuple(_spellings(value))) for value in long]
        self._secrets += [(known[value], (_as_field(value),)) for value in short]
        self.longest = max(map(len, long), default=0)

    def apply(self, data: Any) -> Any:
        """The same text or JSON without the values; a number that holds one becomes a text."""
        if isinstance(data, str):
            return self._text(data)
        if isinstance(data, Mapping):
            return {self._text(str(key)): self.apply(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.apply(item) for item in data]
        if data is None or isinstance(data, bool):
            return data
        masked = self._text(json.dumps(data))
        return data if masked == json.dumps(data) else masked

    def apply_to_start(self, text: str) -> str:
        """The same for the beginning of a longer text. Where it was cut, half a value may stand; so much of the end goes too."""
        masked = self._text(text)
        return masked[: max(0, len(masked) - self.longest * LONGEST_SPELLING)]

    def _text(self, text: str) -> str:
        found = sorted(self._found(text), key=lambda span: (span[0], -span[1]))
        return _replaced(text, found) if found else text

    def _found(self, text: str) -> Iterator[tuple[int, int, str]]:
        for token, spellings in self._secrets:
            for spelling in spellings:
                for start, end in spelling.found_in(text):
                    yield start, end, token


def _replaced(text: str, found: list[tuple[int, int, str]]) -> str:
    """Values that overlap go together: what one leaves over could be half of the other."""
    parts: list[str] = []
    done = 0
    for start, end, token in found:
        if start >= done:
            parts += [text[done:start], token]
        done = max(done, end)
    return "".join((*parts, text[done:]))


def _with_edges(text: str, start: int, end: int) -> tuple[int, int]:
    """The characters of base64 beside a value hold some bits of it."""
    start -= start > 0 and text[start - 1] in BASE64_CHARS
    end += end < len(text) and text[end] in BASE64_CHARS
    return start, end


def _spellings(value: str) -> Iterator[_Spelling]:
    for cased in dict.fromkeys((value, value.lower(), value.upper()) if len(value) >= CASED else (value,)):
        yield _Spelling(_anchor(cased), "".join(_run(run) for run in _BACKSLASHES.split(cased) if run))
    encodings = list(dict.fromkeys(_bytes_of(value)))
    for core in dict.fromkeys(core for data in encodings for core in _base64_cores(data)):
        yield _Spelling(_anchor(core), _in_any_alphabet(core), is_base64=True)
    for data in encodings:
        yield _Spelling(data.hex(), data.hex())
        yield _Spelling(data.hex().upper(), data.hex().upper())


def _as_field(value: str) -> _Spelling:
    """The value between what encloses fields in JSON, addresses, forms, headers and cookies."""
    return _Spelling(value, rf"""(?<![^"'=:/&?]){re.escape(value)}(?![^"'&;:/?#])""")


def _anchor(text: str) -> str:
    """The longest run of characters that no spelling changes."""
    return max(_UNCHANGED.findall(text), key=len, default="")


def _bytes_of(value: str) -> Iterator[bytes]:
    """As UTF-8, and as what Basic credentials were once encoded in."""
    yield value.encode("utf-8", "surrogatepass")
    try:
        yield value.encode("latin-1")
    except UnicodeEncodeError:
        return


def _base64_cores(data: bytes) -> Iterator[str]:
    """The characters that depend on `data` alone, wherever it begins in the three bytes that base64 takes at a time."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data + bytes(2)).decode()
        yield encoded[-(-8 * before // 6) : 8 * (before + len(data)) // 6]


def _in_any_alphabet(core: str) -> str:
    """Base64 has two alphabets, and what it writes may then be put into a URL or JSON."""
    return "".join({"+": f"(?:{_char('+')}|-)", "/": f"(?:{_char('/')}|_)"}.get(char, char) for char in core)


def _run(text: str) -> str:
    """Backslashes in a row as so many of them together: each with some before it could be read in more ways than anybody can wait for."""
    if not text.startswith("\\"):
        return "".join(map(_char, text))
    one = "|".join((r"\\", _percent(b"\\"), _in_json("\\"), _in_html("\\")))
    return f"(?:{one}){{{len(text)},{9 * len(text)}}}"


@cache
def _char(char: str) -> str:
    """One character as itself or escaped, also more than once: JSON in a string of JSON, a URL in a query."""
    if char.isascii() and char.isalnum():
        return char  # nobody escapes those
    ways = [rf"\\{{0,8}}{re.escape(char)}", *(_percent(data) for data in dict.fromkeys(_bytes_of(char))), _in_json(char), _in_html(char)]
    return f"(?:{'|'.join(ways)}{'|[+]' if char == ' ' else ''})"


def _percent(data: bytes) -> str:
    return "".join(f"%(?:25){{0,4}}{_any_case(f'{byte:02x}')}" for byte in data)


def _in_json(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\{{1,8}}u{_any_case(units[i : i + 2].hex())}" for i in range(0, len(units), 2))
    short = json.dumps(char)[1:-1]
    return rf"{escaped}|\\{{1,8}}{short[1]}" if len(short) == 2 and short[0] == "\\" and short[1].isalpha() else escaped


def _in_html(char: str) -> str:
    name = NAMED_ENTITIES.get(char)
    return rf"&#0{{0,8}}{ord(char)};|&#[xX]0{{0,8}}{_any_case(f'{ord(char):x}')};" + (f"|&{name};" if name else "")


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
