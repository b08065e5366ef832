"""Pages that answers cite: in every way in which people and models write addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.common.domains import domain_of
from runs.engine.trials.citations import MAX_CITATIONS, find_citations, page_key
from runs.engine.trials.mentions import Brand

OWN = Brand("1", "Acme", (), "https://www.acme.com/", is_own=True)
RIVAL = Brand("2", "Booking.com", (), "booking.com")


def urls(text: str) -> list[str]:
    return [page.url for page in find_citations(text, [OWN, RIVAL])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[Acme](https://a.com/x) and [b](<https://b.com/y>) and [c](https://c.com "C")',
            ["https://a.com/x", "https://b.com/y", "https://c.com"],
        ),
        (
            "See https://a.com/x, https://b.com/y. (https://c.com/z) **https://d.com**!",
            ["https://a.com/x", "https://b.com/y", "https://c.com/z", "https://d.com"],
        ),
        ("(https://en.wikipedia.org/wiki/Acme_(brand))", ["https://en.wikipedia.org/wiki/Acme_(brand)"]),
        ("[x](https://a.com/b_(c)) [https://d.com](https://d.com/e)", ["https://a.com/b_(c)", "https://d.com", "https://d.com/e"]),
        ("<https://a.com/?q=1&r=2> <a href='https://b.com/c'>b</a>", ["https://a.com/?q=1&r=2", "https://b.com/c"]),
        ("A note[^1].\n\n[^1]: From https://a.com/x.", ["https://a.com/x"]),
        ("www.a.com, b.com/c and d.com", ["https://www.a.com", "https://b.com/c"]),
        ("Go to acme.com or docs.acme.com; Booking.com is a name", ["https://acme.com", "https://docs.acme.com"]),
        ("詳しくはhttps://a.com/page。次", ["https://a.com/page"]),
        ("https://bücher.example/straße?ä=ö", ["https://bücher.example/straße?ä=ö"]),
        ("HTTPS://A.com/X", ["HTTPS://A.com/X"]),
        ("README.md/x, ASP.NET/Blazor, src/main.py/y, and/or, me@a.com, mailto:me@b.com/x", []),
        ("ftp://a.com javascript://b.com/%0aalert(1) data:text/html,x file:///etc/passwd", []),
        ("http://localhost:8000/ http:// https://.com https://a..b", []),
        ("`https://a.com` but `curl https://b.com`\n```\nhttps://c.com\n```", ["https://a.com"]),
    ],
)
def test_it_finds_addresses_as_they_are_written(text: str, expected: list[str]) -> None:
    assert urls(text) == expected


def test_a_reference_is_cited_where_it_is_first_referred_to() -> None:
    text = "Best is B [two][2], then A [1] and C.\n\n[1]: https://a.com/\n[2]: <https://b.com>\n[3]: https://c.com"
    assert urls(text) == ["https://b.com", "https://a.com/", "https://c.com"]


def test_a_page_is_cited_once() -> None:
    assert urls("https://a.com/x http://www.a.com/x/#top https://A.com/x?utm_source=openai https://a.com/y") == [
        "https://a.com/x",
        "https://a.com/y",
    ]


def test_it_knows_whose_site_a_page_is_on() -> None:
    pages = find_citations("https://docs.acme.com/a https://notacme.com https://m.booking.com:443/x", [OWN, RIVAL])
    assert [(page.place, page.domain, page.is_own, page.brand and page.brand.name) for page in pages] == [
        (1, "docs.acme.com", True, "Acme"),
        (2, "notacme.com", False, None),
        (3, "m.booking.com", False, "Booking.com"),
    ]


def test_pages_are_told_apart_by_their_query() -> None:
    assert (
        page_key("https://a.com/?id=1&utm_medium=x", "a.com")
        == page_key("http://a.com/?id=1", "a.com")
        != page_key("https://a.com/?id=2", "a.com")
    )


def test_it_keeps_a_bounded_number() -> None:
    pages = find_citations(" ".join(f"https://a.com/{number}" for number in range(1_000)))
    assert [page.place for page in pages] == list(range(1, MAX_CITATIONS + 1))


def test_an_address_that_is_too_long_to_keep_is_left_out() -> None:
    assert urls("https://a.com/" + "x" * 2_100 + " https://b.com") == ["https://b.com"]


@given(st.text(st.sampled_from("htps:/.acom()[]<>`@?#&=_ \n1é。*"), max_size=80))
def test_whatever_the_text_what_is_cited_is_an_address_of_a_domain(text: str) -> None:
    pages = find_citations(f"https://a.com{text}", [OWN])
    assert [page.place for page in pages] == list(range(1, len(pages) + 1))
    assert all(page.url.lower().startswith(("http://", "https://")) and domain_of(page.url) == page.domain for page in pages)
    assert len({page_key(page.url, page.domain) for page in pages}) == len(pages)


@pytest.mark.parametrize("run", [" ", "\t", "> ", "1. ", "- "])
def test_a_long_run_of_what_may_stand_before_a_fence_is_read_in_a_moment(run: str) -> None:
    """Models fall into repeating themselves; this took minutes in which nothing else ran."""
    text = "https://a.example/x\n" + run * 100_000 + "x\nhttps://b.example/x"
    assert [page.domain for page in find_citations(text)] == ["a.example", "b.example"]
