"""Which answers are sent compressed."""

import gzip
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from evalhub.compression import PageCompression

ACCEPT = {"Accept-Encoding": "gzip, br"}
TEXT = "A sentence that comes again and again. " * 100


def answered(response: HttpResponseBase, **headers: str) -> HttpResponseBase:
    request = RequestFactory().get("/", headers=headers or ACCEPT)
    return PageCompression(lambda _: response)(request)  # type: ignore[return-value]


@pytest.mark.django_db
def test_a_page_is_compressed_and_says_on_what_that_depends(client: Client) -> None:
    plain, packed = client.get("/sign-in"), client.get("/sign-in", headers=ACCEPT)
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content)
    assert b"<h1" in gzip.decompress(packed.content)


def test_a_length_says_little_about_the_content() -> None:
    lengths: set[int] = set()
    for _ in range(50):
        packed: Any = answered(HttpResponse(TEXT))
        lengths.add(len(packed.content))
    assert len(lengths) > 5


def test_who_takes_nothing_compressed_gets_it_as_it_is() -> None:
    assert "Content-Encoding" not in answered(HttpResponse(TEXT), Accept="text/html").headers


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(TEXT, content_type="application/json"),
        HttpResponse(TEXT, content_type="application/problem+json"),
        StreamingHttpResponse([TEXT], content_type="text/html"),
        StreamingHttpResponse([TEXT], content_type="text/event-stream"),
        HttpResponse("short"),
    ],
    ids=["the API's", "the API's problem", "a page in pieces", "events", "short"],
)
def test_these_are_never_compressed(response: HttpResponseBase) -> None:
    assert "Content-Encoding" not in answered(response).headers
