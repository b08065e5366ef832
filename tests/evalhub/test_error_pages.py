import pytest
from django.template.loader import render_to_string
from django.test import Client


@pytest.mark.django_db
def test_a_wrong_address_is_said_also_to_those_who_are_not_signed_in(client: Client) -> None:
    response = client.get("/nothing-here")
    assert response.status_code == 404
    assert "There is nothing here" in response.text


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_every_error_page_renders_without_a_request(code: str) -> None:
    """Django shows 500.html without any context, since the context may be what broke."""
    page = render_to_string(f"{code}.html")
    assert 'href="/runs/"' in page
    assert "Sign out" not in page
