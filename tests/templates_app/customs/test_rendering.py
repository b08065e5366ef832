"""Templates of custom evals: what is filled in, what is refused, and that no template takes long."""

import pytest

from templates_app.customs.rendering import BadTemplate, rendered

VALUES = {"company_name": "Acme", "company_domain": "acme.com"}


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        ("Is {{company_name}} good?", "Is Acme good?"),
        ("{{ company_name }} at {{\ncompany_domain\n}}", "Acme at acme.com"),
        ("{company_name}", "{company_name}"),
        ("An end }} alone, then {{company_name", "An end }} alone, then {{company_name"),
    ],
)
def test_variables_are_filled_in_and_all_else_stays(template: str, prompt: str) -> None:
    assert rendered(template, VALUES) == prompt


@pytest.mark.parametrize(("template", "words"), [("{{name}}", "no variable 'name'"), ("{{competitor_name}}", "name a competitor")])
def test_what_has_no_value_is_refused(template: str, words: str) -> None:
    with pytest.raises(BadTemplate, match=words):
        rendered(template, VALUES)


@pytest.mark.parametrize("template", ["{{" + " " * 50_000, "{{" * 25_000, "{{" + " " * 50_000 + "company_name}}"])
def test_the_longest_template_is_read_in_a_moment(template: str) -> None:
    """Hours, when each beginning was tried against each white space."""
    assert rendered(template, VALUES) == ("Acme" if template.endswith("}}") else template)
