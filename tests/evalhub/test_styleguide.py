"""The style guide shows every component that pages are made of, and is on a development server alone."""

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse

from evalhub.common.templatetags.page import DRAWINGS
from evalhub.styleguide import styleguide


def test_it_shows_every_part_in_both_themes(rf: RequestFactory) -> None:
    html = styleguide(rf.get("/styleguide/")).content.decode()
    for theme in ("guide-light", "guide-dark"):
        assert f'class="guide {theme}"' in html
    for part in (
        "button-main",
        "pill-interrupted",
        "tag-demo",
        "facts",
        "table-stack",
        "tabs",
        "segmented",
        "dialog",
        "menu",
        "toast",
        "empty",
        "skeleton",
        "bubble",
    ):
        assert html.count(part) >= 2, part
    assert html.count("<svg") > 2 * len(DRAWINGS)


def test_a_field_that_is_wrong_says_so_where_it_is_read_aloud(rf: RequestFactory) -> None:
    html = styleguide(rf.get("/styleguide/")).content.decode()
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_samples_helptext' in html
    assert "Ensure this value is less than or equal to 20." in html


@pytest.mark.django_db
def test_an_installation_does_not_have_it(client: Client) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("styleguide")
    assert client.get("/styleguide/").status_code == 404


def test_an_unknown_drawing_is_a_mistake_of_the_template() -> None:
    with pytest.raises(KeyError):
        render_to_string("_icon.html", {"name": "unicorn"})
