"""Foreign bytes and headers as text that can be stored and shown. Called by `exchange`; plain Python."""

import codecs
from collections.abc import Callable, Sequence
from email.message import Message

from agents.llm.quoting import storable

KEPT_CHARS = 64 * 1024
MOST_HEADERS = 100
HEADER_CHARS = 2_000
TEXTUAL = ("text/", "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded")
# The character sets of web pages. Python knows more "codecs" than that, and some of them rewrite or take long.
CHARSETS = {
    *("ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "koi8-r", "koi8-u"),
    *("shift_jis", "euc_jp", "iso2022_jp", "gb2312", "gbk", "gb18030", "big5", "euc_kr"),
    *(f"iso8859-{number}" for number in range(1, 17)),
    *(f"cp125{number}" for number in range(9)),
}


def text_of(data: bytes, content_type: str) -> str:
    """The text that `data` is, as far as it is one; what cannot be decoded is replaced. Of pictures and the like only the size is said."""
    charset = _charset(content_type)
    try:
        return storable(data.decode(charset))
    except UnicodeDecodeError:
        if not _is_textual(content_type):
            return f"({len(data)} bytes that are no text)"
    return storable(data.decode(charset, errors="replace"))


def kept_headers(headers: Sequence[tuple[str, str]], hide: Callable[[str], str], left_out: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The first hundred, each of bearable length. Hidden first and cut then, or half a secret would stand at the cut."""
    kept = [(name, value) for name, value in headers if name not in left_out][:MOST_HEADERS]
    return [(hide(storable(name))[:HEADER_CHARS], hide(storable(value))[:HEADER_CHARS]) for name, value in kept]


def _charset(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    try:
        name = codecs.lookup(str(message.get_param("charset", "utf-8"))).name
    except (LookupError, ValueError):
        return "utf-8"
    return name if name in CHARSETS else "utf-8"


def _is_textual(content_type: str) -> bool:
    bare = content_type.partition(";")[0].strip().lower()
    return not bare or bare.startswith(TEXTUAL) or bare.endswith(("+json", "+xml"))
