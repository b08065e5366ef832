"""Twins: the same Idempotency-Key in requests that arrive at the same moment, each on a connection of its own."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from evalhub.accounts.models import IdempotencyRecord
from runs.models import EvalRun
from tests import factories
from tests.evalhub.test_idempotency import BODY, SIMULATE, age, send
from tests.runs.api.client import Api, checked


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads
        for _ in range(8):
            threads.submit(connections.close_all)


def at_once(pool: ThreadPoolExecutor, api: Api, keys: list[str], bodies: list[Any]) -> list[Any]:
    """One request a key, from as many threads, all let go at the same moment."""
    gate = threading.Barrier(len(keys))

    def one(key: str, body: Any) -> Any:
        try:
            client = Client(raise_request_exception=False)
            gate.wait(10)
            headers = {**api.headers, "Idempotency-Key": key}
            return checked(client.post(SIMULATE, json.dumps(body), content_type="application/json", headers=headers))
        finally:
            connections.close_all()

    return list(pool.map(one, keys, bodies))


@pytest.fixture
def together(transactional_db: None) -> Api:
    made = Api(factories.project())
    factories.agent(project=made.project, name="Mara")
    return made


@pytest.mark.parametrize("attempt", range(3))
def test_eight_twins_at_once_are_one_run_and_eight_equal_answers(together: Api, pool: ThreadPoolExecutor, attempt: int) -> None:
    answers = at_once(pool, together, ["k1"] * 8, [BODY] * 8)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer for answer in answers) == 7
    assert EvalRun.objects.count() == 1


def test_eight_different_bodies_at_once_are_one_run_and_seven_conflicts(together: Api, pool: ThreadPoolExecutor) -> None:
    answers = at_once(pool, together, ["k1"] * 8, [{**BODY, "user_id": f"u{number}"} for number in range(8)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert EvalRun.objects.count() == 1


def test_eight_twins_of_an_expired_request_are_one_new_run(together: Api, pool: ThreadPoolExecutor) -> None:
    send(together, "k1")
    age(hours=25)
    answers = at_once(pool, together, ["k1"] * 8, [BODY] * 8)
    assert len({answer.content for answer in answers}) == 1
    assert EvalRun.objects.count() == 2
    assert IdempotencyRecord.objects.count() == 1


def test_eight_requests_with_their_own_keys_do_not_wait_in_vain(together: Api, pool: ThreadPoolExecutor) -> None:
    answers = at_once(pool, together, [f"k{number}" for number in range(8)], [BODY] * 8)
    assert {answer.status_code for answer in answers} == {200}
    assert EvalRun.objects.count() == 8


def test_eight_refused_twins_leave_nothing(together: Api, pool: ThreadPoolExecutor) -> None:
    answers = at_once(pool, together, ["k1"] * 8, [{"sessions": 5}] * 8)
    assert {answer.status_code for answer in answers} == {422}
    assert not IdempotencyRecord.objects.exists()
