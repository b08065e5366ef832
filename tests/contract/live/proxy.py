"""A proxy that loses the answer of the first request of each kind: the server has done its work, the client does not know."""

import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, cast
from urllib.parse import urlsplit

Loss = Literal["reset", "silence"]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST instead of what is still to send


class Losing(ThreadingHTTPServer):
    """`asked` has method, path and Idempotency-Key of every request that came through."""

    daemon_threads = True

    def __init__(self, upstream: str, loss: Loss) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.loss = urlsplit(upstream).netloc, loss
        self.asked: list[tuple[str, str, str]] = []
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def shutdown_request(self, request: Any) -> None:
        # Without the polite FIN that the base class sends first, so that a lost answer is a reset connection.
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    def forward(self) -> None:
        losing = cast(Losing, self.server)
        first = self.command not in [method for method, _, _ in losing.asked]
        losing.asked.append((self.command, self.path, self.headers.get("Idempotency-Key", "")))
        status, kind, body = self._answer(losing.upstream)
        if first:
            self._lose(losing)
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_PATCH = do_GET = forward

    def _answer(self, upstream: str) -> tuple[int, str, bytes]:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        connection = http.client.HTTPConnection(upstream, timeout=20)
        try:
            connection.request(self.command, self.path, sent, headers)
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type", ""), response.read()
        finally:
            connection.close()

    def _lose(self, losing: Losing) -> None:
        if losing.loss == "silence":
            losing.stopped.wait(20)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def losing_answers(upstream: str, loss: Loss) -> Iterator[Losing]:
    server = Losing(upstream, loss)
    with running(server):
        yield server
        server.stopped.set()


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    """A server of one's own making on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with running(server):
        yield server


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
