"""Which methods each path has. Others are a 405 that names them, and HEAD is GET without the body."""

import pytest
from django.test import Client

from agents.models import Agent
from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.api.client import Api

METHODS = {
    "/agents": {"GET", "HEAD", "POST"},
    "/agents/Mara": {"GET", "HEAD", "DELETE"},
    "/agents/Mara/profile": {"PATCH"},
    "/agents/Mara/simulate": {"POST"},
    "/agents/Mara/run-eval": {"POST"},
    "/agents/Mara/eval-only": {"POST"},
    "/agents/Mara/evaluate": {"POST"},
    "/eval-runs": {"GET", "HEAD"},
    "/eval-runs/{run}": {"GET", "HEAD", "DELETE"},
    "/eval-templates": {"GET", "HEAD", "POST"},
    "/eval-templates/Ours": {"GET", "HEAD", "PUT", "DELETE"},
}
ALL = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.fixture
def run(owner: Api, agent: Agent, quality: EvalTemplate) -> str:
    return str(factories.run(project=owner.project, agent=agent).id)


@pytest.mark.parametrize("path", METHODS)
def test_a_method_that_a_path_has_not_got_is_a_405_that_names_those_it_has(owner: Api, run: str, path: str) -> None:
    for method in set(ALL) - METHODS[path]:
        refusal = owner.client.generic(method, f"/api/v1{path.format(run=run)}", b"{}", "application/json", headers=owner.headers)
        assert (method, refusal.status_code) == (method, 405)
        assert set(refusal["Allow"].split(", ")) == METHODS[path]
        assert refusal["Content-Type"] == "application/problem+json"
        if method != "HEAD":
            assert refusal.json()["detail"] == f"{method} is not possible on this path."


@pytest.mark.parametrize("path", [path for path, methods in METHODS.items() if "HEAD" in methods])
def test_head_is_get_without_the_body(owner: Api, run: str, path: str) -> None:
    address = f"/api/v1{path.format(run=run)}"
    whole, head = owner.client.get(address, headers=owner.headers), owner.client.head(address, headers=owner.headers)
    assert (whole.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head["Content-Type"] == whole["Content-Type"]


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_without_a_key_nobody_learns_even_that(run: str, path: str, method: str) -> None:
    refusal = Client(enforce_csrf_checks=True).generic(method, f"/api/v1{path.format(run=run)}", b"{}", "application/json")
    assert refusal.status_code == 401


@pytest.mark.parametrize("path", [path for path in METHODS if path.count("/") > 1 or path == "/eval-runs"])
def test_a_slash_at_the_end_is_no_redirect(owner: Api, run: str, path: str) -> None:
    answer = owner.client.get(f"/api/v1{path.format(run=run)}/", headers=owner.headers)
    assert answer.status_code in (404, 405)
