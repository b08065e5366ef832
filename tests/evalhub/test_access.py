"""Who may use the API: a key by its scopes, a signed-in person by their role, in the project they are in. Endpoint and stream alike."""

import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evalhub.accounts.access import Scope, stream_grant
from evalhub.accounts.models import ApiKey, Membership, Project, Role
from evalhub.accounts.services import api_key_create
from evalhub.common.problems import Problem
from tests import factories
from tests.runs.api.client import Api, checked

AGENTS = "/api/v1/agents"


@pytest.fixture
def project(db: None) -> Project:
    return factories.project()


def browser(person: User, *, checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=checks)
    client.force_login(person)
    return client


def make_agent(client: Client, **headers: str) -> Any:
    return checked(client.post(AGENTS, {"name": "Mara"}, content_type="application/json", headers=headers))


def names(response: Any) -> list[str]:
    return [item["name"] for item in response.json()["items"]]


@pytest.mark.parametrize("role", Role.values)
def test_every_member_may_read_with_their_session(project: Project, role: str) -> None:
    factories.agent(project=project, name="Mara")
    assert names(checked(browser(factories.user(project=project, role=role)).get(AGENTS))) == ["Mara"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.EDITOR])
def test_an_owner_and_an_editor_may_write_with_their_session(project: Project, role: str) -> None:
    assert make_agent(browser(factories.user(project=project, role=role))).status_code == 200
    assert project.agents.get().name == "Mara"


@pytest.mark.parametrize(("path", "needed"), [("/agents", "write"), ("/agents/Mara/simulate", "run"), ("/eval-templates", "write")])
def test_a_viewers_session_cannot_write_or_run(project: Project, path: str, needed: str) -> None:
    client = browser(factories.teammate(project=project))
    response = checked(client.post(f"/api/v1{path}", {}, content_type="application/json"))
    assert response.status_code == 403
    assert response.json()["required_scope"] == needed
    assert response.json()["detail"] == f"This needs the scope {needed}; the role viewer in {project} has read."


def test_a_session_sees_the_project_that_its_pages_show(project: Project) -> None:
    person = factories.owner(project=project)
    other = factories.project()
    Membership.objects.create(user=person, project=other, role=Role.VIEWER)
    factories.agent(project=project, name="First")
    factories.agent(project=other, name="Second")
    client = browser(person)
    assert names(client.get(AGENTS)) == ["First"]
    client.post("/project", {"project": other.name})
    assert names(client.get(AGENTS)) == ["Second"]
    assert make_agent(client).status_code == 403


def test_a_stranger_sees_nothing_of_the_project(project: Project) -> None:
    run = factories.run(project=project)
    assert checked(browser(factories.stranger()).get(f"/api/v1/eval-runs/{run.id}")).status_code == 404


def test_somebody_without_a_project_is_told_so(db: None) -> None:
    response = checked(browser(factories.user()).get(AGENTS))
    assert (response.status_code, "not a member" in response.json()["detail"]) == (403, True)


def test_without_key_and_session_it_is_401_with_a_challenge(db: None) -> None:
    response = checked(Client().get(AGENTS))
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="evalhub"')


def test_an_ended_session_is_401(project: Project) -> None:
    client = browser(factories.owner(project=project))
    assert client.get(AGENTS).status_code == 200
    client.logout()
    assert checked(client.get(AGENTS)).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer sk_nobody", "Basic abc"])
def test_a_wrong_header_is_401_even_with_a_session(project: Project, header: str) -> None:
    client = browser(factories.owner(project=project))
    assert checked(client.get(AGENTS, headers={"Authorization": header})).status_code == 401


def test_a_key_wins_over_a_session(project: Project) -> None:
    factories.agent(project=project, name="Mara")
    client = browser(factories.stranger())
    assert names(client.get(AGENTS, headers=Api(project).headers)) == ["Mara"]


def test_a_write_with_a_session_needs_the_token_of_our_pages(project: Project) -> None:
    client = browser(factories.owner(project=project), checks=True)
    refused = make_agent(client)
    assert refused.status_code == 403
    assert "X-CSRFToken" in refused.json()["detail"]
    assert not project.agents.exists()
    client.get("/runs/")
    token = client.cookies["csrftoken"].value
    assert make_agent(client, **{"X-CSRFToken": token}).status_code == 200
    assert make_agent(client, **{"X-CSRFToken": "x" * 32}).status_code == 403


def test_reading_with_a_session_and_writing_with_a_key_need_no_token(project: Project) -> None:
    client = browser(factories.owner(project=project), checks=True)
    assert checked(client.get(AGENTS)).status_code == 200
    assert make_agent(client, **Api(project).headers).status_code == 200


def scope_of(path: str = "/api/v1/eval-runs/x/events", **headers: str) -> dict[str, Any]:
    """What an ASGI server hands over."""
    sent = {"host": "testserver"} | headers
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
    return {"type": "http", "method": "GET", "path": path, "query_string": b"from=1", "headers": pairs}


def cookie_of(client: Client) -> str:
    return f"theme=dark; sessionid={client.cookies['sessionid'].value}"


def test_a_stream_is_granted_to_a_key_with_two_queries(project: Project) -> None:
    _, token = api_key_create(project=project, name="test", scopes=["read"])
    with CaptureQueriesContext(connection) as queries:
        grant = stream_grant(scope_of(authorization=f"Bearer {token}"), Scope.READ)
    assert (grant.project, grant.scopes) == (project, {"read"})
    assert len(queries) == 2  # the key, and the note of its first use


def test_a_key_without_scopes_is_granted_everything(project: Project) -> None:
    _, token = api_key_create(project=project, name="test")
    assert stream_grant(scope_of(authorization=f"Bearer {token}"), Scope.WRITE).scopes == {"read", "run", "write"}


def test_a_stream_is_granted_to_a_session_with_three_queries(project: Project) -> None:
    person = factories.teammate(project=project)
    cookie = cookie_of(browser(person))
    with CaptureQueriesContext(connection) as queries:
        grant = stream_grant(scope_of(cookie=cookie), Scope.READ)
    assert (grant.project, grant.scopes, grant.identity) == (project, {"read"}, f"user:{person.pk}")
    assert len(queries) == 3  # session, person, memberships


def refusal(scope: dict[str, Any], needed: Scope = Scope.READ) -> Problem:
    with pytest.raises(Problem) as raised:
        stream_grant(scope, needed)
    return raised.value


def test_a_stream_is_refused_like_a_request(project: Project) -> None:
    owner, viewer = (cookie_of(browser(person)) for person in (factories.owner(project=project), factories.teammate(project=project)))
    assert refusal(scope_of()).status == 401
    assert refusal(scope_of(cookie="sessionid=nobody")).status == 401
    assert refusal(scope_of(cookie=owner, authorization="Bearer sk_nobody")).status == 401
    assert refusal(scope_of(cookie=viewer), Scope.RUN).members == {"required_scope": "run"}
    assert refusal(scope_of()).headers["WWW-Authenticate"].startswith("Bearer")


def test_a_stream_answers_to_the_names_of_the_pages_only(project: Project) -> None:
    elsewhere = Client().get(AGENTS, headers={"Host": "evil.example"})
    refused = refusal(scope_of(host="evil.example"))
    assert (refused.status, refused.body()) == (400, elsewhere.json())


@pytest.mark.django_db(transaction=True)
def test_a_request_does_not_wait_to_note_the_use_of_its_key() -> None:
    api = Api(factories.project())
    held, done = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            ApiKey.objects.filter(pk=api.key.pk).update(name="held")  # SQLite: the only write lock; PostgreSQL: the key's row
            held.set()
            done.wait(20)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert held.wait(5)
    began = time.monotonic()
    assert api.get("/agents").status_code == 200
    assert time.monotonic() - began < 2
    done.set()
    writer.join()
    assert ApiKey.objects.get().last_used_at is None
    api.get("/agents")
    assert ApiKey.objects.get().last_used_at
