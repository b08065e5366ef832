"""Variables of a profile in requests."""

from templates_app.openapi.answer import WrittenRequest
from templates_app.openapi.variables import filled, named_in

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
