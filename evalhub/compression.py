"""Pages are sent compressed. Static files are too, by evalhub.assets; event streams never come by here (evalhub.asgi)."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

FOR_PROGRAMS = ("application/json", "application/problem+json")


class PageCompression(GZipMiddleware):
    """Django's, with its padding of random length against guessing a secret from sizes (BREACH), for what people read.

    What comes in pieces stays so: a compressor would keep pieces back. The API's answers would cost more time than programs gain.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or response.headers.get("Content-Type", "").startswith(FOR_PROGRAMS):
            return response
        return super().process_response(request, response)
