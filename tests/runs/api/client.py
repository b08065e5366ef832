"""A client of the API for tests, keys for three people, and the contract's schemas. Tests of every endpoint use it."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.test import Client

from evalhub.accounts.models import Project
from evalhub.accounts.services import api_key_create
from tests import factories
from tests.support.described import check_described

CONTRACT = Path(__file__).resolve().parents[4] / "shared" / "spec" / "evals.openapi.json"


class Api:
    """Sends JSON with a key; every answer of an error is checked to be a well-formed problem."""

    def __init__(self, project: Project, scopes: list[str] | None = None) -> None:
        self.project = project
        self.key, token = api_key_create(project=project, name="test", scopes=scopes)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.client = Client()

    def get(self, path: str, **query: Any) -> Any:
        return checked(self.client.get(f"/api/v1{path}", query, headers=self.headers))

    def post(self, path: str, body: Any = None, *, raw: bytes | None = None, content_type: str = "application/json") -> Any:
        data = json.dumps(body).encode() if raw is None else raw
        return checked(self.client.post(f"/api/v1{path}", data, content_type=content_type, headers=self.headers))

    def put(self, path: str, body: Any) -> Any:
        return self.send("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Any method, with a JSON body where one is given."""
        data = b"" if body is None else json.dumps(body).encode()
        request = self.client.generic(method, f"/api/v1{path}", data, content_type="application/json", headers=self.headers)
        return checked(request)


def checked(response: Any) -> Any:
    """The answer with `.json()`, as the API's document describes it; an error must be a problem whose sentences agree."""
    asked = response.wsgi_request
    check_described(asked.method, asked.path, response.status_code, response.headers, response.content)
    if response.status_code < 400:
        return response
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert set(body) >= {"type", "title", "status", "detail", "message", "error", "code", "errors"}
    assert body["detail"] == body["message"] == body["error"] != ""
    assert body["status"] == response.status_code
    assert all(set(item) == {"location", "field", "message", "value", "code"} for item in body["errors"])
    return response


def teammates(count: int = 2) -> list[Api]:
    """Keys of one project."""
    project = factories.project()
    return [Api(project) for _ in range(count)]


def locations(response: Any) -> list[str]:
    assert response.status_code == 422, response.content
    return [item["location"] for item in response.json()["errors"]]


def missing_for_contract() -> str:
    """Why answers cannot be compared with the contract here; "" when they can."""
    if not CONTRACT.exists():
        return "the public contract is not beside this repository"
    return "" if find_spec("jsonschema") else "jsonschema is not installed"


@cache
def _contract() -> dict[str, Any]:
    contract: dict[str, Any] = json.loads(CONTRACT.read_text())
    return contract


def check_contract(name: str, body: Any) -> None:
    """Compare a body with a schema of the public contract, where both it and a validator are at hand (test_contract.py says when not)."""
    if missing_for_contract():
        return
    import jsonschema

    schema = {"$ref": f"#/components/schemas/{name}", "components": _contract()["components"]}
    jsonschema.Draft202012Validator(schema).validate(body)
