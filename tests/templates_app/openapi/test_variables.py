"""Variables of a profile in requests, and in what is kept of them."""

from hypothesis import given
from hypothesis import strategies as st

from templates_app.openapi.answer import WrittenRequest
from templates_app.openapi.variables import SHORTEST_MASKED, filled, masked, named_in

WRITTEN = WrittenRequest(
    "GET", "/a/{{ONE}}", {"b": ["{{ TWO }}", 1]}, {"c": "Bearer {{THREE}}"}, {"d": "{{ONE}}"}, {"{{KEY}}": {"e": "{{FOUR}}"}}
)


def test_it_finds_each_variable_once() -> None:
    assert named_in(WRITTEN) == ["ONE", "TWO", "THREE", "FOUR"]


def test_values_take_the_places_of_names() -> None:
    found = filled(WRITTEN, {"ONE": "x/y", "TWO": "{{FOUR}}", "FOUR": "4"})
    assert found == WrittenRequest(
        "GET", "/a/x%2Fy", {"b": ["{{FOUR}}", 1]}, {"c": "Bearer {{THREE}}"}, {"d": "x/y"}, {"{{KEY}}": {"e": "4"}}
    )


def test_values_are_masked_in_every_form_they_travel_in() -> None:
    known = {"KEY": 'a/b "c"', "TOKEN": "a/b", "PIN": "123"}
    text = 'a/b "c" a%2Fb%20%22c%22 a/b%20%22c%22 {"k": "a/b \\"c\\""} 123'
    assert masked(text, known) == '{{KEY}} {{KEY}} {{KEY}} {"k": "{{KEY}}"} 123'


@given(st.text(min_size=SHORTEST_MASKED, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_masked_text_has_the_value_in_it(value: str, before: str, after: str) -> None:
    assert value not in masked(before + value + after, {"{": value}).replace("{{{}}", "\x00")
