"""Domains out of addresses, however people write them."""

import pytest

from evalhub.common.domains import domain_of


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://www.Acme.com./x", "acme.com"),
        ("acme.com", "acme.com"),
        ("//acme.com/x", "acme.com"),
        ("http://user:secret@acme.com:8080", "acme.com"),
        ("https://acme.com@evil.example/", "evil.example"),
        ("https://BÜCHER.example", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("www.com", "www.com"),
        ("localhost", ""),
        ("", ""),
        ("https://a b.com", ""),
        ("https://[::1]/", ""),
        ("x" * 300 + ".com", ""),
    ],
)
def test_a_domain_is_lower_case_ascii_without_www(address: str, domain: str) -> None:
    assert domain_of(address) == domain
