"""Which pages an answer cites: addresses in links, references, notes and plain text, in order of appearance. Plain Python.

A bare domain in a sentence ("acme.com") is cited only if it is a known brand's site and no brand's name: elsewhere it is as likely the name
of a company as an address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from evalhub.common.domains import HOST, domain_of
from runs.engine.trials.mentions import MAX_TEXT, Brand, matcher
from runs.engine.trials.spans import MAX_URL, Kind, Span, scan

MAX_CITATIONS = 100  # kept of one answer

_WEB = re.compile(r"https?://", re.IGNORECASE)
_DEFINITION = re.compile(r"^ {0,3}\[([^\]\n]{1,200})\]:[ \t]*", re.MULTILINE)
_REFERENCE = re.compile(r"\[([^\[\]\n]{1,200})\](?![:(])")
_CAMPAIGN = re.compile(r"(?<=[?&])utm_[a-z]+=[^&#]*&?")


@dataclass(frozen=True, slots=True)
class CitedPage:
    """`url` begins with http:// or https://; `domain` is its host in ASCII without www. `brand` is whose site that is, if any brand's."""

    place: int
    url: str
    domain: str
    brand: Brand | None

    @property
    def is_own(self) -> bool:
        return self.brand is not None and self.brand.is_own


def find_citations(text: str, brands: Sequence[Brand] = ()) -> list[CitedPage]:
    """Every page once, at most MAX_CITATIONS. Code counts only where an address is all of it."""
    text = text[:MAX_TEXT]
    known = matcher(tuple(brands))
    sites = _sites(tuple(brands))
    pages: dict[str, CitedPage] = {}
    for span in _in_order_of_citing(text, _addresses(text)):
        written = text[span.start : span.end]
        domain = domain_of(written)
        if not domain or span.kind is Kind.DOMAIN and (known.is_name(written) or site_of(domain, sites) is None):
            continue
        url = written if span.kind is Kind.URL else f"https://{written}"
        if len(url) <= MAX_URL and len(pages) < MAX_CITATIONS:
            pages.setdefault(page_key(url, domain), CitedPage(len(pages) + 1, url, domain, site_of(domain, sites)))
    return list(pages.values())


def page_key(url: str, domain: str) -> str:
    """Equal for addresses of one page: scheme, www, the fragment, a last slash and campaign marks do not tell pages apart."""
    rest = HOST.sub("", url, count=1).partition("#")[0]
    return domain + _CAMPAIGN.sub("", rest).rstrip("?&").rstrip("/")


def site_of(domain: str, sites: dict[str, Brand]) -> Brand | None:
    """Whose domain, or subdomain of a domain, it is. The closest domain decides."""
    while domain:
        if domain in sites:
            return sites[domain]
        domain = domain.partition(".")[2]
    return None


@lru_cache(maxsize=64)
def _sites(brands: tuple[Brand, ...]) -> dict[str, Brand]:
    sites: dict[str, Brand] = {}
    for brand in brands:
        if domain := domain_of(brand.domain):
            sites.setdefault(domain, brand)
    return sites


def _addresses(text: str) -> list[Span]:
    """The web addresses of the text that stand in no code, in order."""
    found: list[Span] = []
    code: Span | None = None
    for span in scan(text):
        if span.kind is Kind.CODE:
            code = span
        elif _is_web(text, span) and (code is None or span.start >= code.end or span.inner == code.inner):
            found.append(span)
    return found


def _is_web(text: str, span: Span) -> bool:
    return span.kind in (Kind.PAGE, Kind.DOMAIN) or span.kind is Kind.URL and bool(_WEB.match(text, span.start))


def _in_order_of_citing(text: str, spans: list[Span]) -> list[Span]:
    """A page that is defined below ("[1]: https://…") is cited where the text first refers to it."""
    defined = {found.end(): found[1] for found in _DEFINITION.finditer(text)}
    if not defined:
        return spans
    used: dict[str, int] = {}
    for found in _REFERENCE.finditer(text):
        used.setdefault(found[1].casefold(), found.start())

    def cited_at(span: Span) -> int:
        label = defined.get(span.start, defined.get(span.start - 1))  # the address may stand in <>
        return span.start if label is None else used.get(label.casefold(), span.start)

    return sorted(spans, key=cited_at)
