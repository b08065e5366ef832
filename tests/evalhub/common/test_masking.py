"""Secret values in text and JSON: hidden in every spelling that an echo may give them, and nothing else is touched."""

import base64
import html
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.common.masking import Mask

TOKEN = "{{KEY}}"
AROUND = st.text(alphabet=st.characters(codec="utf-8"), max_size=8)
# "zq" is nowhere else in what the tests look at, and marks what must be gone.
SECRETS = st.text(alphabet=st.characters(codec="utf-8"), min_size=3, max_size=24).map(lambda text: f"zq{text.strip()}qz")


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def spellings(secret: str, before: str = "", after: str = "") -> dict[str, str]:
    """`secret` as servers repeat it, by the name of the way."""
    whole = f"{before}{secret}{after}"
    data = whole.encode()
    return {
        "as it is": secret,
        "url": quote(secret, safe=""),
        "url, small": quote(secret, safe="").replace("%2F", "%2f").replace("%3A", "%3a"),
        "url, slashes": quote(secret),
        "form": quote_plus(secret),
        "url twice": quote(quote(secret, safe=""), safe=""),
        "json": in_json(secret),
        "json, unicode": json.dumps(secret, ensure_ascii=False)[1:-1],
        "json, slashes": in_json(secret).replace("/", "\\/"),
        "json in json": in_json(in_json(secret)),
        "json in json in json": in_json(in_json(in_json(secret))),
        "html": html.escape(secret),
        "base64": base64.b64encode(data).decode(),
        "base64 of urls": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "base64 in json": in_json(base64.b64encode(data).decode()).replace("/", "\\/"),
        "base64 in a query": quote(base64.b64encode(data).decode(), safe=""),
        "hex": secret.encode().hex(),
        "HEX": secret.encode().hex().upper(),
    }


@given(SECRETS, AROUND, AROUND)
def test_a_value_is_hidden_in_every_spelling(secret: str, before: str, after: str) -> None:
    mask = Mask({"KEY": secret})
    for way, spelt in spellings(secret, before, after).items():
        masked = mask.apply(f"<<{spelt}>>")
        assert TOKEN in masked, way
        assert "zq" not in masked or way.startswith("base64"), way
        if not way.startswith("base64"):
            assert masked == f"<<{TOKEN}>>", way


@given(SECRETS, AROUND, AROUND)
def test_no_byte_of_a_value_can_be_read_back_from_base64(secret: str, before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    left = Mask({"KEY": secret}).apply(encoded)
    head, _, tail = left.partition(TOKEN)
    first = len(before.encode())
    assert len(head) * 6 <= first * 8
    last = (first + len(secret.encode())) * 8
    assert (len(encoded) - len(tail)) * 6 >= min(last, len(encoded) * 6)


@given(st.text(max_size=200))
def test_what_holds_no_value_is_left_as_it_is(text: str) -> None:
    mask = Mask({"KEY": "zq-4711-secret", "OTHER": "zq another one"})
    assert mask.apply(text) == text
    assert mask.apply({"a": [text, 1, 2.5, None, True]}) == {"a": [text, 1, 2.5, None, True]}


def test_the_credentials_of_basic_are_hidden() -> None:
    mask = Mask({"USER": "anna.smith", "PASSWORD": "pa:ss/wörd"})
    header = "Basic " + base64.b64encode("anna.smith:pa:ss/wörd".encode()).decode()
    assert mask.apply(header).startswith("Basic {{USER}}")
    assert mask.apply(header).rstrip("=").endswith("{{PASSWORD}}")
    old = "Basic " + base64.b64encode("anna.smith:pa:ss/wörd".encode("latin-1")).decode()
    assert mask.apply(old).rstrip("=").endswith("{{PASSWORD}}")


def test_the_longest_value_wins_where_one_holds_the_other() -> None:
    mask = Mask({"SHORT": "token", "LONG": "token-of-anna"})
    assert mask.apply("a token-of-anna, a token") == "a {{LONG}}, a {{SHORT}}"


def test_values_that_overlap_go_together() -> None:
    assert Mask({"A": "abcdef", "B": "defghij"}).apply("-abcdefghij-") == "-{{A}}-"


def test_the_last_name_of_two_with_one_value_does_not_matter() -> None:
    assert Mask({"A": "same-value", "B": "same-value"}).apply("same-value") in {"{{A}}", "{{B}}"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("eu", "{{REGION}}"),
        ('{"region":"eu"}', '{"region":"{{REGION}}"}'),
        ("https://a.example/eu/x?r=eu&x=1#eu", "https://a.example/{{REGION}}/x?r={{REGION}}&x=1#eu"),
        ("neutral European queue, eu, a", "neutral European queue, eu, a"),
    ],
)
def test_a_very_short_value_is_hidden_only_as_a_whole_field(text: str, masked: str) -> None:
    assert Mask({"REGION": "eu"}).apply(text) == masked


def test_a_long_value_is_hidden_in_small_and_in_capital_letters_too() -> None:
    """Names of hosts, headers and media types are compared, and often rewritten, without regard to case."""
    mask = Mask({"KEY": "Zq/Secret-01", "USER": "Ann_B"})
    assert mask.apply("x-zq/secret-01: ZQ%2FSECRET-01, Ann_B, ann_b") == "x-{{KEY}}: {{KEY}}, {{USER}}, ann_b"


def test_empty_values_hide_nothing() -> None:
    assert Mask({"A": "", "B": "  "}).apply(" any text ") == " any text "
    assert Mask({}).apply("any text") == "any text"


def test_white_space_around_a_value_does_not_matter() -> None:
    assert Mask({"KEY": "  zq-secret\n"}).apply("Bearer zq-secret") == "Bearer {{KEY}}"


def test_json_is_masked_in_keys_values_and_numbers() -> None:
    data: dict[str, Any] = {"zq-secret": ["x zq-secret", 123456, {"n": 99, "f": 1.5}], "t": True, "none": None}
    masked = Mask({"KEY": "zq-secret", "PIN": "123456"}).apply(data)
    assert masked == {"{{KEY}}": ["x {{KEY}}", "{{PIN}}", {"n": 99, "f": 1.5}], "t": True, "none": None}


def test_what_is_put_in_is_not_looked_at_again() -> None:
    assert Mask({"SECRET": "zq-value", "B": "SECRET"}).apply("zq-value SECRET") == "{{SECRET}} {{B}}"


@pytest.mark.parametrize("cut", range(1, 12))
def test_half_a_value_at_the_end_of_a_cut_text_goes_too(cut: int) -> None:
    secret = "zq-secret-01"
    text = Mask({"KEY": secret}).apply_to_start("x" * 500 + secret[:cut])
    assert "z" not in text
    assert len(text) >= 500 - 12 * len(secret)


def test_a_megabyte_is_masked_in_a_moment() -> None:
    mask = Mask({f"K{number}": f"zq-{number}-{'ab' * 20}" for number in range(20)})
    texts = ['{"id": 4711, "name": "Anna"},' * 36_000, "\\" * 2**20, "%25" * 2**18, "zq-1-" * 200_000]
    began = time.process_time()
    for text in texts:
        assert mask.apply(text) == text
    assert time.process_time() - began < 2


@pytest.mark.parametrize("spell", [str, json.dumps, lambda value: json.dumps(json.dumps(value)), quote])
def test_it_hides_a_value_with_many_backslashes_and_never_hangs_over_one(spell: Callable[[str], str]) -> None:
    value = "a" + "\\" * 40 + "b"
    mask = Mask({"KEY": value})
    assert mask.apply(spell(value)) == spell("{{KEY}}") if spell is not quote else "{{KEY}}"
    hostile = "a" + "\\" * 5_000 + "c"  # was exponential in the number of backslashes of the value
    assert mask.apply(hostile) == hostile
