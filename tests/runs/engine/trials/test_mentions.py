"""Brands in answers: what counts as a name, how often, where and in which order."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runs.engine.trials.mentions import MAX_PLACES, Brand, BrandMention, Matcher, brands_of, find_mentions

ALPHABET = st.sampled_from("aAbß İi.+-_'’&*`(é\u0301ト社한ก\u0e31\n")


def brands(*names: str | tuple[str, ...]) -> tuple[Brand, ...]:
    listed = [(name,) if isinstance(name, str) else name for name in names]
    return tuple(Brand(str(index), first, tuple(others)) for index, (first, *others) in enumerate(listed))


def found(text: str, *names: str | tuple[str, ...]) -> dict[str, list[str]]:
    return {mention.brand.name: shown(text, mention) for mention in find_mentions(text, brands(*names))}


def shown(text: str, mention: BrandMention) -> list[str]:
    return [text[start:end] for start, end in mention.places]


def test_it_counts_places_and_ranks_by_the_first_of_them() -> None:
    text = "Beta is fine, but Acme is better than Beta."
    mentions = find_mentions(text, brands("Acme", "Beta", "Gamma"))
    assert [(one.brand.name, one.count, one.rank, one.places) for one in mentions] == [
        ("Beta", 2, 1, ((0, 4), (38, 42))),
        ("Acme", 1, 2, ((18, 22),)),
    ]


def test_an_alias_counts_for_its_brand() -> None:
    assert found("IBM, or International Business Machines.", ("IBM", "International Business Machines")) == {
        "IBM": ["IBM", "International Business Machines"]
    }


def test_the_longest_name_wins_over_the_one_inside_it() -> None:
    assert found("Acme Pro and Acme", "Acme", "Acme Pro") == {"Acme Pro": ["Acme Pro"], "Acme": ["Acme"]}
    assert found("New Acme Pro Max", "New Acme", "Acme Pro Max") == {"Acme Pro Max": ["Acme Pro Max"]}
    assert found("Acme Products", "Acme", "Acme Pro") == {"Acme": ["Acme"]}


def test_a_name_of_two_brands_is_the_first_ones() -> None:
    assert found("Acme", "Acme", ("Other", "ACME")) == {"Acme": ["Acme"]}


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Acme's and Acme’s", "Acme", ["Acme", "Acme"]),
        ("Acmes, Acmeology, TurboAcme", "Acme", []),
        ("non-Acme, Acme-based, L'Acme, (Acme), “Acme”, @Acme, #Acme", "Acme", ["Acme"] * 7),
        ("**Acme** _Acme_ __Acme__ ~~Acme~~", "Acme", ["Acme"] * 4),
        ("acme_pro, ACME_KEY, my_acme", "Acme", []),
        ("1.Acme 2)Acme ①Acme Acme¹ Acme™ Acme®", "Acme", ["Acme"] * 6),
        ("Acme\u0302 x\u0301Acme", "Acme", []),
        ("C++17 or C++, not C", "C++", ["C++", "C++"]),
        ("C, C++ and C#, C+D", "C", ["C", "C"]),
        ("Disney+ is not Disney.", "Disney", ["Disney"]),
        ("Yahoo! and Yahoo", "Yahoo!", ["Yahoo!"]),
        ("A&W and A & W", "A&W", ["A&W"]),
        ("Node.js, node.js. Node", "node.js", ["Node.js", "node.js"]),
        ("Node.js runs on Node.", "Node", ["Node"]),
        ("ASP.NET on .NET", ".NET", [".NET"]),
        ("Acme\nPro, Acme\u00a0Pro, Acme  Pro, Acme\n\nPro", "Acme Pro", ["Acme\nPro", "Acme\u00a0Pro", "Acme  Pro"]),
        ("トヨタ自動車とトヨタは", "トヨタ", ["トヨタ", "トヨタ"]),
        ("私はAcmeを使う。", "Acme", ["Acme"]),
        ("삼성은 삼성전자", "삼성", ["삼성", "삼성"]),
        ("ใช้กรุงไทยทุกวัน", "กรุงไทย", ["กรุงไทย"]),
        ("กัน", "ก", []),
        ("Nestlé, NESTLE\u0301, Nestle", "Nestlé", ["Nestlé", "NESTLE\u0301"]),
        ("Acme™ is Acme", "Acme™", ["Acme", "Acme"]),
        ("Füßen", "Fü", []),
    ],
)
def test_a_name_is_a_word_of_its_own(text: str, name: str, expected: list[str]) -> None:
    assert found(text, name).get(name, []) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://acme.com/acme?q=acme", 0),
        ("acme.com, www.acme.com/acme, acme-pro.com and docs.example.com/acme", 0),
        ("me@acme.com, acme@example.com, mailto:acme@example.com", 0),
        ("`npm install acme` and ``use `acme` here``", 0),
        ("```sh\nacme up\n```\n~~~\nacme\n~~~", 0),
        ("Before\n```\nacme, never closed", 0),
        ('[Acme](https://acme.com/acme "about it") and [more](https://acme.com) <https://acme.com>', 1),
        ("`Acme` is a name, ` Acme ` too", 2),
        ("one ` tick, Acme, and another one\n\n here ` Acme", 2),
    ],
)
def test_addresses_and_code_are_no_mentions_but_the_text_of_a_link_is(text: str, expected: int) -> None:
    assert sum(mention.count for mention in find_mentions(text, brands("Acme"))) == expected


def test_a_name_that_looks_like_an_address_is_a_mention() -> None:
    assert found("Booking.com, https://booking.com and blog.booking.com", "Booking.com") == {"Booking.com": ["Booking.com"]}


def test_it_keeps_a_bounded_number_of_places_and_counts_all() -> None:
    (mention,) = find_mentions("Acme " * 1_000, brands("Acme"))
    assert (mention.count, len(mention.places)) == (1_000, MAX_PLACES)


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "™"])
def test_a_name_of_nothing_is_found_nowhere(name: str) -> None:
    assert find_mentions("Anything ™ \u200b at all", brands(name)) == []


def test_without_brands_there_are_no_mentions() -> None:
    assert find_mentions("Acme", ()) == []


def test_it_reads_the_brands_of_a_batch() -> None:
    rows = [{"id": 7, "name": "Acme", "aliases": ["Acme Corp"], "domain": "acme.com", "is_own": True}]
    assert brands_of(rows) == (Brand("7", "Acme", ("Acme Corp",), "acme.com", True),)


@given(st.text(ALPHABET, max_size=60), st.lists(st.text(ALPHABET, min_size=1, max_size=5), max_size=6))
@example("ß", ["s"])
@example("a\u0301", ["a"])
def test_whatever_the_text_places_are_apart_in_order_and_spell_a_name(text: str, names: list[str]) -> None:
    listed = brands(*names)
    mentions = Matcher(listed).mentions(text)
    assert [one.rank for one in mentions] == list(range(1, len(mentions) + 1))
    firsts = [one.places[0][0] for one in mentions]
    assert firsts == sorted(set(firsts))
    spans = sorted(place for one in mentions for place in one.places)
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
    for one in mentions:
        assert all(find_mentions(text[start:end], [one.brand]) for start, end in one.places)


@given(st.lists(st.sampled_from(["Acme", "Beta", "Gamma Ltd"]), min_size=1, max_size=8), st.sampled_from([" ", ", ", "\n", "。"]))
def test_names_between_other_words_are_all_found(order: list[str], between: str) -> None:
    text = between.join(order)
    mentions = {one.brand.name: one for one in find_mentions(text, brands("Acme", "Beta", "Gamma Ltd"))}
    assert {name: one.count for name, one in mentions.items()} == {name: order.count(name) for name in set(order)}
    assert sorted(mentions, key=lambda name: mentions[name].rank) == sorted(mentions, key=order.index)


@pytest.mark.alone
@pytest.mark.parametrize("piece", ["Acme ", "`", "``", "```\n", "(", "é", "a.a.", "[1]: x\n", "https://a)", "a.b@"])
def test_time_grows_with_the_length_of_the_text(piece: str) -> None:
    """Eight times the text may take eight times as long, and half as much again; a square would take 64 times."""
    small, large = (piece * 400_000)[:50_000], (piece * 400_000)[:400_000]
    assert _fastest(large) < 20 * max(_fastest(small), 0.005)


def _fastest(text: str, names: Sequence[str] = ("Acme", "Beta")) -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        find_mentions(text, brands(*names))
        took.append(time.perf_counter() - began)
    return min(took)
