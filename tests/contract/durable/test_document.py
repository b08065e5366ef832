"""Our document of the dialect against the contract's file: every path that is served takes what it takes, and answers nothing else."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runs.api.durable.document import document
from runs.api.durable.unserved import WHAT
from runs.api.durable.urls import paths
from tests.contract.test_schema_covers_the_contract import answered, sent, shape

Schema = dict[str, Any]
FILE = "durable-eval-runs.openapi.yaml"
# The contract that this dialect was written by, and tested with. When it changes, so must what is here.
DIGEST = "adafd75a"
OURS_ALONE = {"/v1/eval-runs/{eval_run_id}/runs"}
# Beyond the contract, for `evalhub eval-runs`.
MORE = {"POST /v1/eval-runs: new keys actual_cost, summary", "GET /v1/eval-runs/{eval_run_id}: new keys actual_cost, summary"}


@dataclass(frozen=True)
class Documents:
    theirs: Schema
    ours: Schema

    def operations(self) -> list[tuple[str, Schema, Schema]]:
        """(name, the contract's, ours) of each operation that is served."""
        return [
            (f"{method.upper()} {path}", operation, self.ours["paths"][path][method])
            for path, methods in self.theirs["paths"].items()
            if not is_unserved(path)
            for method, operation in methods.items()
        ]


def is_unserved(path: str) -> bool:
    return any(path == f"/v1/{route}" or path.startswith(f"/v1/{route}/") for route in WHAT)


@pytest.fixture
def both(shared: Path) -> Documents:
    return Documents(json.loads((shared / "spec" / FILE).read_text()), json.loads(json.dumps(document())))


def test_the_contract_is_the_one_that_was_read(shared: Path) -> None:
    assert hashlib.sha256((shared / "spec" / FILE).read_bytes()).hexdigest()[:8] == DIGEST


def test_it_has_every_path_and_method_but_those_it_says_it_has_not(both: Documents) -> None:
    theirs = {(path, method) for path, methods in both.theirs["paths"].items() for method in methods if not is_unserved(path)}
    ours = {(path, method) for path, methods in both.ours["paths"].items() for method in methods if path not in OURS_ALONE}
    assert ours == theirs


def test_every_method_of_every_path_is_described() -> None:
    for route, view in paths:
        assert set(view.ops) == {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}, route
        assert set(view.ops) <= {"GET"} or all(op.scope for method, op in view.ops.items() if method != "GET"), route


def test_what_is_not_served_is_in_the_contract(both: Documents) -> None:
    assert {path.split("/{")[0].removeprefix("/v1/") for path in both.theirs["paths"] if is_unserved(path)} >= set(WHAT)


def test_operations_have_the_ids_of_the_contract(both: Documents) -> None:
    assert {name: ours["operationId"] for name, _, ours in both.operations()} == {
        name: theirs["operationId"] for name, theirs, _ in both.operations()
    }


def test_parameters_are_those_of_the_contract(both: Documents) -> None:
    for name, theirs, ours in both.operations():
        described = {(each["name"], each["in"]): each for each in ours["parameters"]}
        assert set(described) == {(each["name"], each["in"]) for each in theirs.get("parameters", ())}, name
        for each in theirs.get("parameters", ()):
            mine = described[each["name"], each["in"]]
            assert mine["required"] == each["required"], (name, each["name"])
            wanted, got = (shape(one["schema"], root) for one, root in ((each, both.theirs), (mine, both.ours)))
            assert wanted.types <= got.types <= wanted.types | {"null"}, (name, each["name"])
            assert wanted.enum == got.enum, (name, each["name"])
            assert each["schema"].get("default") == mine["schema"].get("default"), (name, each["name"])


def test_it_takes_every_body_that_the_contract_takes(both: Documents) -> None:
    missing: list[str] = []
    for name, theirs, ours in both.operations():
        if "requestBody" in theirs:
            asked = [one["requestBody"]["content"]["application/json"]["schema"] for one in (theirs, ours)]
            pairs = zip(*(one.get("oneOf", [one]) for one in asked), strict=True)
            missing += [line for pair in pairs for line in sent(*pair, both, name)]  # type: ignore[arg-type]
    assert missing == []


def test_limits_of_bodies_and_queries_are_those_of_the_contract(both: Documents) -> None:
    words = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern", "additionalProperties")
    for name, schema in both.theirs["components"]["schemas"].items():
        mine = both.ours["components"]["schemas"].get(name)
        if not name.endswith(("Request", "Update", "EvalRunTarget")) or mine is None:
            continue
        if schema.get("additionalProperties") is False:
            assert mine["additionalProperties"] is False, name
        for key, theirs in schema["properties"].items():
            ours = _flat(mine["properties"][key])
            told = {word: _flat(theirs)[word] for word in words if isinstance(_flat(theirs).get(word), int | float | str)}
            assert {word: ours.get(word) for word in told} == told, (name, key)


def _flat(schema: Schema) -> Schema:
    """A schema with that of its alternative which is not null."""
    others = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return schema | (others[0] if len(others) == 1 else {})


def test_it_answers_nothing_that_the_contract_does_not_have(both: Documents) -> None:
    different: set[str] = set()
    for name, theirs, ours in both.operations():
        schemas = (one["responses"]["200"]["content"]["application/json"]["schema"] for one in (theirs, ours))
        different |= set(answered(*schemas, both, name))  # type: ignore[arg-type]
    assert different == MORE


def test_every_component_of_the_contract_that_is_served_has_its_keys(both: Documents) -> None:
    for name, mine in both.ours["components"]["schemas"].items():
        theirs = both.theirs["components"]["schemas"].get(name)
        if theirs is None or "properties" not in theirs:
            continue
        more = {"summary", "actual_cost"} if name == "PublicEvalRunResponse" else set()
        older = {"integration_id", "endpoint_ids", "endpoint_paths"}
        assert set(mine["properties"]) - more - older == set(theirs["properties"]), name
        assert set(mine.get("required", ())) == set(theirs.get("required", ())), name


def test_errors_are_those_of_the_contract(both: Documents) -> None:
    for name, theirs, ours in both.operations():
        for status in set(theirs["responses"]) - {"200"}:
            if status == "422" and status not in ours["responses"]:
                assert "requestBody" not in theirs, name  # a path alone cannot be wrong here: it is 404
                continue
            assert status in ours["responses"], (name, status)
        for status, response in ours["responses"].items():
            if status != "200":
                known = "HTTPValidationError" if status == "422" else "Detail"
                assert response["content"]["application/json"]["schema"]["$ref"].endswith(known), (name, status)


def test_keys_are_sent_as_the_contract_says(both: Documents) -> None:
    assert (
        both.ours["components"]["securitySchemes"]["SapientApiKeyAuth"] == both.theirs["components"]["securitySchemes"]["SapientApiKeyAuth"]
    )
    for name, theirs, ours in both.operations():
        assert bool(theirs.get("security")) == bool(ours["security"]), name
