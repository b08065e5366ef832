"""An Idempotency-Key: the same request is done once, whenever and however often it arrives; what was refused may be sent again."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.accounts.models import IdempotencyRecord, Project
from evalhub.accounts.services import SWEPT_AT_MOST, idempotency_sweep
from evalhub.common.describing import Answer, Operation
from evalhub.common.parsing import Body, Text
from runs import tasks
from runs.models import EvalRun
from tests import factories
from tests.runs.api.client import Api, checked

SIMULATE = "/api/v1/agents/Mara/simulate"
BODY = {"sessions": [{"turns": [{"user_message": "Hello"}]}], "user_persona": {"name": "Jonas"}}


@pytest.fixture
def api(db: None) -> Api:
    made = Api(factories.project())
    factories.agent(project=made.project, name="Mara")
    return made


def send(api: Api, key: str, body: Any = BODY, *, path: str = SIMULATE) -> Any:
    headers = {**api.headers, "Idempotency-Key": key}
    return checked(api.client.post(path, json.dumps(body), content_type="application/json", headers=headers))


def age(hours: float) -> None:
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=hours))


def test_a_repeated_request_starts_one_run_and_gets_the_same_answer(api: Api) -> None:
    first, second = send(api, "k1"), send(api, "k1")
    assert EvalRun.objects.count() == 1
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert second["Content-Type"] == first["Content-Type"] == "application/json"


def test_status_and_location_are_repeated_too(api: Api) -> None:
    template = factories.template(project=api.project)
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    answers = [send(api, "k1", {"template_id": str(template.id), "messages": said}, path="/api/v1/agents/Mara/evaluate") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0]["Location"] == answers[1]["Location"] == f"/api/v1/eval-runs/{EvalRun.objects.get().id}"


def test_requests_without_a_key_are_all_done(api: Api) -> None:
    for _ in range(2):
        api.post("/agents/Mara/simulate", BODY)
    assert EvalRun.objects.count() == 2
    assert not IdempotencyRecord.objects.exists()


def test_two_keys_are_two_runs(api: Api) -> None:
    assert send(api, "k1").json()["run_id"] != send(api, "k2").json()["run_id"]


def test_the_order_of_a_bodys_keys_makes_no_other_body(api: Api) -> None:
    assert send(api, "k1").content == send(api, "k1", dict(reversed(BODY.items()))).content


def test_the_key_of_another_body_is_a_conflict(api: Api) -> None:
    send(api, "k1")
    response = send(api, "k1", {**BODY, "user_id": "u2"})
    assert response.status_code == 409
    assert response.json()["errors"][0]["location"] == "header.Idempotency-Key"
    assert f"first used for POST {SIMULATE} at " in response.json()["detail"]
    assert "another body" in response.json()["detail"]
    assert EvalRun.objects.count() == 1


def test_the_key_of_another_path_is_a_conflict(api: Api) -> None:
    send(api, "k1")
    response = send(api, "k1", {"name": "Other"}, path="/api/v1/agents")
    assert (response.status_code, "another request" in response.json()["detail"]) == (409, True)
    assert not Agent.objects.filter(name="Other").exists()


def test_a_refused_request_leaves_its_key_free_for_the_corrected_one(api: Api) -> None:
    assert send(api, "k1", {"sessions": 5}).status_code == 422
    assert not IdempotencyRecord.objects.exists()
    assert send(api, "k1").status_code == 200


def test_another_key_of_the_project_is_another_sender(api: Api) -> None:
    other = Api(api.project)
    assert send(api, "k1").json()["run_id"] != send(other, "k1").json()["run_id"]


def test_a_person_is_another_sender_in_each_of_their_projects(api: Api) -> None:
    person = factories.owner(project=api.project)
    api.client.force_login(person)
    api.headers = {}
    first = send(api, "k1").json()["run_id"]
    assert send(api, "k1").json()["run_id"] == first
    other = factories.project()
    factories.agent(project=other, name="Mara")
    person.memberships.update(project=other)  # type: ignore[attr-defined]
    assert send(api, "k1").json()["run_id"] != first


def test_after_a_day_the_key_is_free_again(api: Api) -> None:
    first = send(api, "k1")
    age(hours=23.9)
    assert send(api, "k1").content == first.content
    age(hours=24)
    assert send(api, "k1", {**BODY, "user_id": "u2"}).json()["run_id"] != first.json()["run_id"]
    assert send(api, "k1", {**BODY, "user_id": "u2"})["Idempotent-Replayed"] == "true"
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.parametrize("key", ["", "  ", "k" * 256, "k\t1", "ключ", "k\x7f", "é"])
def test_a_key_that_is_empty_too_long_or_not_printable_is_422(api: Api, key: str) -> None:
    response = send(api, key)
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == "header.Idempotency-Key"
    assert not EvalRun.objects.exists()


def test_the_longest_key_is_taken(api: Api) -> None:
    assert send(api, "k" * 255).content == send(api, "k" * 255).content


def test_a_key_without_the_right_sees_no_answer(api: Api) -> None:
    send(api, "k1")
    api.key.scopes = ["read"]
    api.key.save()
    assert send(api, "k1").status_code == 403


class Naming(Endpoint):
    """Makes an agent for every call of any method, and then fails if the body says how."""

    scopes = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), Scope.READ)

    def post(self, request: Request) -> Response:
        Agent.objects.create(project=self.project, name=f"made-{Agent.objects.count()}")
        if request.data.get("fail") == "crash":
            raise RuntimeError("the disk is on fire")
        if request.data.get("fail") == "refuse":
            raise ValidationError("not like this")
        status = 409 if request.data.get("fail") == "answer" else 201
        return Response({"count": Agent.objects.count(), "at": timezone.now()}, status=status)

    get = put = patch = delete = post


def call(api: Api, method: str, body: Any = None, *, key: str = "k1", view: type[Endpoint] = Naming) -> Any:
    headers = {**api.headers, "Idempotency-Key": key}
    request = RequestFactory().generic(method, "/naming?x=1", json.dumps(body or {}), content_type="application/json", headers=headers)
    response = view.as_view()(request)
    return response.render() if isinstance(response, Response) else response


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_every_method_that_changes_something_is_done_once(api: Api, method: str) -> None:
    first, second = call(api, method), call(api, method)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert Agent.objects.count() == 2


def test_the_key_of_another_method_is_a_conflict(api: Api) -> None:
    call(api, "POST")
    assert call(api, "PUT").status_code == 409


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_header_means_nothing_to_methods_that_may_be_repeated_anyway(api: Api, method: str) -> None:
    assert call(api, method).content != call(api, method).content
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize(("fail", "status"), [("crash", 500), ("refuse", 422), ("answer", 409)])
@pytest.mark.django_db(transaction=True)
def test_what_fails_leaves_neither_work_nor_record(fail: str, status: int) -> None:
    api = Api(factories.project())
    assert call(api, "POST", {"fail": fail}).status_code == status
    assert not Agent.objects.exists()
    assert not IdempotencyRecord.objects.exists()
    assert call(api, "POST").status_code == 201


def test_the_header_costs_the_same_few_queries_whatever_the_request(api: Api) -> None:
    counts = set()
    for number in range(2):
        for key in (f"k{number}", f"k{number}"):
            body = {"name": f"A{number}", "bio": "word " * 300 * number}
            with CaptureQueriesContext(connection) as queries:
                replayed = "Idempotent-Replayed" in send(api, key, body, path="/api/v1/agents")
            ours = [query["sql"] for query in queries if "idempotencyrecord" in query["sql"]]
            counts.add((replayed, len(ours), ours[0].split()[0]))
    assert counts == {(False, 3, "INSERT"), (True, 2, "INSERT")}  # insert, look, keep; insert in vain, look


def test_nothing_is_asked_of_the_database_between_begin_and_insert(api: Api) -> None:
    with CaptureQueriesContext(connection) as queries:
        send(api, "k1")
    statements = [query["sql"].split()[0] for query in queries]
    first = statements.index("INSERT")
    assert statements[first - 1] == "SAVEPOINT"  # the test's own transaction makes one of ours


def test_a_stored_answer_costs_no_query_of_the_endpoints(api: Api) -> None:
    send(api, "k1")
    with CaptureQueriesContext(connection) as queries:
        send(api, "k1")
    assert not [query["sql"] for query in queries if "agents_agent" in query["sql"] or "evalrun" in query["sql"]]


def test_a_refused_body_asks_for_no_transaction(api: Api) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert send(api, "k1", {"sessions": 5}).status_code == 422
    assert {query["sql"].split()[0] for query in queries} <= {"SELECT", "UPDATE"}  # who asks, and that their key was used
    assert not [query["sql"] for query in queries if "idempotencyrecord" in query["sql"]]


class Noting(Text):
    """A text that notes whether it is looked at inside a transaction."""

    def to_internal_value(self, data: Any) -> str:
        return f"{super().to_internal_value(data)} {connection.in_atomic_block}"


class NotedBody(Body):
    text = Noting()


class Noted(Endpoint):
    """Answers with where its body was checked, and where it works itself."""

    scopes = {"POST": Scope.READ}
    operations = {"POST": Operation(id="note", tag="", summary="", answer=Answer, body=NotedBody)}

    def post(self, request: Request) -> Response:
        return Response(f"{self.given['text']} {connection.in_atomic_block}")


@pytest.mark.django_db(transaction=True)
def test_a_body_is_checked_before_the_transaction_in_which_its_request_is_done() -> None:
    api = Api(factories.project())
    assert call(api, "POST", {"text": "a"}, view=Noted).data == "a False True"


def old_records(project: Project, *, count: int, hours: float) -> None:
    rows = [IdempotencyRecord(project=project, holder="key:1", key=f"{hours}-{n}", method="POST", path="/") for n in range(count)]
    for row in rows:
        row.created_at = timezone.now() - timedelta(hours=hours)
    IdempotencyRecord.objects.bulk_create(rows, batch_size=1000)


def test_the_sweep_of_the_queue_removes_what_is_older_than_a_day(api: Api) -> None:
    old_records(api.project, count=600, hours=24.1)
    old_records(api.project, count=3, hours=23.9)
    tasks.sweep()
    assert IdempotencyRecord.objects.count() == 3


def test_one_sweep_does_a_bounded_amount_of_work(api: Api) -> None:
    old_records(api.project, count=SWEPT_AT_MOST + 5, hours=25)
    assert idempotency_sweep() == SWEPT_AT_MOST
    assert idempotency_sweep() == 5
    assert idempotency_sweep() == 0
