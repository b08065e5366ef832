"""A small API on loopback in threads of its own: what it was asked is kept, what it answers is the test's."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from templates_app.openapi.document import read_document
from templates_app.openapi.operations import import_operations
from templates_app.openapi.snapshot import Operation

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Items", "version": "1"},
    "paths": {
        "/items/{id}": {
            "put": {
                "operationId": "putItem",
                "summary": "Store an item.",
                "security": [{"key": []}],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "notify", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}
                    },
                },
                "responses": {
                    "200": {
                        "description": "Stored.",
                        "content": {
                            "application/json": {
                                "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
}


def operation() -> Operation:
    """Store an item: PUT /items/{id} with a bearer token and a JSON body."""
    return import_operations(read_document(json.dumps(DOCUMENT))).operations[0]


def written(**changes: Any) -> str:
    """An answer with the right request, but for the changes."""
    request = {
        "method": "PUT",
        "path": "/items/5",
        "query": {"notify": True},
        "headers": {"Authorization": "Bearer {{TOKEN}}"},
        "body": {"name": "Lamp"},
    }
    return "Here is the request:\n```json\n" + json.dumps(request | changes) + "\n```"


@dataclass
class ItemApi:
    """`requests` are (method, path, headers by names in small letters, body), in order. `answer` is sent as JSON after `delay_s`."""

    url: str = ""
    status: int = 200
    answer: Any = field(default_factory=lambda: {"id": 5})
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)


@contextlib.contextmanager
def item_api() -> Iterator[ItemApi]:
    """A running API; what it is still busy with when the block ends is left alone."""
    api = ItemApi()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            api.requests.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(api.delay_s)
            data = json.dumps(api.answer).encode()
            with contextlib.suppress(ConnectionError):  # whoever asked was killed meanwhile
                self._say(data)

        def _say(self, data: bytes) -> None:
            self.send_response(api.status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **api.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
