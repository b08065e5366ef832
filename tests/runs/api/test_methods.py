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
    "/eval-runs/{run}/cancel": {"POST"},
    "/eval-runs/{run}/resume": {"POST"},
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


ACTIONS = ("simulate", "run-eval", "evaluate", "eval-only", "profile")


@pytest.mark.parametrize("action", ACTIONS)
def test_an_agent_whose_name_ends_like_a_path_is_read_and_deleted_as_any_other(owner: Api, agent: Agent, action: str) -> None:
    named = owner.post("/agents", {"name": f"Mara/{action}"}).json()
    address = f"/api/v1/agents/Mara%2F{action}"
    assert owner.client.get(address, headers=owner.headers).json() == named
    assert owner.client.head(address, headers=owner.headers).status_code == 200
    assert owner.client.put(address, "{}", content_type="application/json", headers=owner.headers).status_code == 405
    assert owner.client.delete(address, headers=owner.headers).json()["deleted"] == {"agents": 1}
    assert list(Agent.objects.all()) == [agent]
    assert owner.client.get(address, headers=owner.headers).status_code == 405


def test_such_an_agent_can_be_changed_and_talked_to_as_well(owner: Api) -> None:
    made = owner.post("/agents", {"name": "team/profile"}).json()
    assert owner.patch("/agents/team%2Fprofile/profile", {"bio": "Cooks."}).json() == {"success": True}
    assert owner.get(f"/agents/{made['agent_id']}").json()["bio"] == "Cooks."
    assert owner.post("/agents/team%2Fprofile/simulate", {}).status_code == 200


def test_such_an_agent_is_only_its_own_projects(owner: Api, stranger: Api) -> None:
    owner.post("/agents", {"name": "team/profile"})
    for method in ("GET", "DELETE"):
        assert stranger.client.generic(method, "/api/v1/agents/team%2Fprofile", headers=stranger.headers).status_code == 405


@pytest.mark.parametrize(("method", "needed", "others"), [("GET", "read", ["run", "write"]), ("DELETE", "write", ["run", "read"])])
def test_such_an_agent_asks_for_the_scopes_of_any_other(owner: Api, method: str, needed: str, others: list[str]) -> None:
    owner.post("/agents", {"name": "team/simulate"})
    limited = Api(owner.project, scopes=others)
    refusal = limited.client.generic(method, "/api/v1/agents/team%2Fsimulate", headers=limited.headers)
    assert (refusal.status_code, refusal.json()["required_scope"]) == (403, needed)


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_without_a_key_nobody_learns_even_that(run: str, path: str, method: str) -> None:
    refusal = Client(enforce_csrf_checks=True).generic(method, f"/api/v1{path.format(run=run)}", b"{}", "application/json")
    assert refusal.status_code == 401


@pytest.mark.parametrize("path", [path for path in METHODS if path.count("/") > 1 or path == "/eval-runs"])
def test_a_slash_at_the_end_is_no_redirect(owner: Api, run: str, path: str) -> None:
    answer = owner.client.get(f"/api/v1{path.format(run=run)}/", headers=owner.headers)
    assert answer.status_code in (404, 405)
