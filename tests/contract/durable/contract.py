"""The contract of the dialect /v1 for tests: its file, its schemas, and a client whose every answer is held against them."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from django.test import Client

from evalhub.accounts.models import Project
from evalhub.accounts.services import api_key_create

CONTRACT = Path(__file__).resolve().parents[4] / "shared" / "spec" / "durable-eval-runs.openapi.yaml"
SENTENCE = {
    "type": "object",
    "properties": {"detail": {"type": "string", "minLength": 1}},
    "required": ["detail"],
    "additionalProperties": False,
}
LIST = {"$ref": "#/components/schemas/HTTPValidationError"}
FIRST = {"body", "query", "path"}


class Durable:
    """Sends with a key of a project. Every answer is JSON in the contract's shape, which is checked here for all tests."""

    def __init__(self, project: Project, scopes: list[str] | None = None) -> None:
        self.project = project
        self.key, self.token = api_key_create(project=project, name="test", scopes=scopes)
        self.headers = {"X-Sapient-Api-Key": self.token}

    def get(self, path: str, **query: Any) -> Any:
        return checked(Client().get(f"/v1{path}", query, headers=self.headers))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any) -> Any:
        return self.send("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)

    def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, kind: str = "application/json", **headers: str
    ) -> Any:
        """Any method; `headers` are named with _ for -."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return checked(Client().generic(method, f"/v1{path}", data, content_type=kind, headers=self.headers | named))


def checked(response: Any) -> Any:
    """The answer, which keeps the contract's schema for its path, method and status."""
    assert response["Content-Type"] == "application/json"
    body, status = response.json(), response.status_code
    assert status == 200 or status >= 400
    if status >= 400:
        assert "detail" in body
        _check(LIST if status == 422 else SENTENCE, body)
        assert status != 422 or all(item["loc"][0] in FIRST for item in body["detail"])
        return response
    asked = response.wsgi_request
    if schema := _schema(asked.method, asked.path):
        _check(schema, body)
    return response


def places(response: Any) -> list[str]:
    """Where a refused request is wrong, such as body.targets.0.model_id."""
    assert response.status_code == 422, response.content
    return [".".join(map(str, item["loc"])) for item in response.json()["detail"]]


@cache
def contract() -> dict[str, Any]:
    """The whole file; {} where it is not beside this repository."""
    return json.loads(CONTRACT.read_text()) if CONTRACT.exists() else {}


def _check(schema: dict[str, Any], body: Any) -> None:
    if contract() or "$ref" not in schema:
        jsonschema.Draft202012Validator({**schema, "components": contract().get("components", {})}).validate(body)


def _schema(method: str, path: str) -> dict[str, Any]:
    """That of the answer 200; {} for a path that the contract does not have."""
    for pattern, operations in sorted(contract().get("paths", {}).items(), key=lambda item: "{" in item[0]):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]["responses"]["200"]["content"]["application/json"]["schema"]
            return found
    return {}
