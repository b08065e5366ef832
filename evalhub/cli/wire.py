"""One HTTP request as the web server reads and answers it itself: daphne's, but for what a client of the API could not make sense of.

Imports Twisted's event loop, as `paced` does, which uses it. What an application never sees is refused here, in the API's own forms.
"""

import json
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.web import http

from evalhub.common.details import detail_body, is_ours
from evalhub.common.problems import CONTENT_TYPE, Problem

UNREADABLE = "The request could not be read: it is no HTTP, or its first line and headers are longer than 16 KiB."


class Request(WebRequest):  # type: ignore[misc]
    """Leaves forms to Django, sends no body where HEAD asks for none, and refuses in JSON what is asked of the API."""

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Without Twisted's reading of forms, which nobody looks at here, and whose answer to a broken one is an empty 400."""
        self.content.seek(0)
        self.args: dict[bytes, list[bytes]] = {}
        self.method, self.uri, self.clientproto = command, path, version
        self.path = path.partition(b"?")[0]
        self.process()

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and self.method == b"HEAD":
            # Django sends the whole body, in pieces. Twisted drops the first; the next would be read as the answer to the next request.
            message = {**message, "body": b""}
        super().handle_reply(message)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """What daphne refuses by itself, and what no code of ours caught."""
        kind, told = _refusal(self.uri.decode("ascii", "replace"), Problem(status, body))
        if not told:
            super().basic_error(status, status_text, body)
            return
        self.handle_reply({"type": "http.response.start", "status": status, "headers": [(b"Content-Type", kind.encode())]})
        self.handle_reply({"type": "http.response.body", "body": told})


def _refusal(path: str, problem: Problem) -> tuple[str, bytes]:
    """Content type and body; neither where it is no path of an API."""
    if is_ours(path):
        return "application/json", json.dumps(detail_body(problem)).encode()
    if path.startswith("/api/"):
        return CONTENT_TYPE, json.dumps(problem.body()).encode()
    return "", b""


class Channel(http.HTTPChannel):
    """A connection. What cannot be read has no path yet, so the answer is JSON whoever asked."""

    def lineLengthExceeded(self, line: bytes) -> None:
        """Twisted closes the connection without a word."""
        self._respondToBadRequestAndDisconnect()

    def _respondToBadRequestAndDisconnect(self) -> None:
        body = json.dumps(Problem(400, UNREADABLE).body()).encode()
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)  # type: ignore[union-attr, call-arg, misc]
        self.loseConnection()  # type: ignore[no-untyped-call]


class Factory(HTTPFactory):  # type: ignore[misc]
    """Makes both, for each connection that is accepted."""

    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:
        made = super().buildProtocol(addr)
        made.requestFactory = Request
        return made
