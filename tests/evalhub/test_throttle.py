"""How often a key or person may ask: every answer says how much is left, and 429 says when to come back."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.access import Scope, stream_grant
from evalhub.accounts.throttle import request_count
from evalhub.common.problems import Problem
from evalhub.env import BadSetting, read_env
from runs.models import EvalRun
from tests import factories
from tests.runs.api.client import Api, checked

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def api(db: None, settings: Any) -> Api:
    """A key of which no request was counted yet: 5 requests an hour, 2 of which may start runs."""
    settings.API_RATE_LIMIT, settings.API_RUN_RATE_LIMIT = "5/hour", "2/hour"
    made = Api(factories.project())
    factories.agent(project=made.project, name="Mara")
    return made


def left(response: Any) -> tuple[int, int]:
    return int(response["X-RateLimit-Limit"]), int(response["X-RateLimit-Remaining"])


def simulate(api: Api) -> Any:
    return api.post("/agents/Mara/simulate", {})


def test_every_answer_says_how_much_is_left(api: Api) -> None:
    assert [left(api.get("/agents")) for _ in range(3)] == [(5, 4), (5, 3), (5, 2)]


def test_the_reset_is_a_moment_in_unix_seconds(api: Api) -> None:
    first, second = (int(api.get("/agents")["X-RateLimit-Reset"]) for _ in range(2))
    assert 3590 < first - time.time() <= 3601
    assert first == second


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda api: api.get("/eval-runs/nothing"), 404),
        (lambda api: api.post("/agents", {}), 422),
        (lambda api: api.post("/agents", raw=b"{"), 400),
        (lambda api: api.post("/agents", {}, content_type="text/plain"), 415),
        (lambda api: checked(api.client.delete("/api/v1/agents", headers=api.headers)), 405),
    ],
)
def test_errors_count_and_say_it_too(api: Api, ask: Callable[[Api], Any], status: int) -> None:
    response = ask(api)
    assert (response.status_code, left(response)) == (status, (5, 4))
    assert left(api.get("/agents")) == (5, 3)


def test_a_refused_scope_counts_and_says_it_too(api: Api) -> None:
    api.key.scopes = ["read"]
    api.key.save()
    response = api.post("/agents", {"name": "A"})
    assert (response.status_code, left(response)) == (403, (5, 4))


def test_above_the_limit_it_is_429_that_says_when_to_come_back(api: Api) -> None:
    for _ in range(5):
        assert api.get("/agents").status_code == 200
    response = api.get("/agents")
    assert (response.status_code, left(response), response.json()["code"]) == (429, (5, 0), "rate_limited")
    assert 3590 < int(response["Retry-After"]) <= 3600
    assert "Too many requests: one key or person may send 5 per hour. Try again in" in response.json()["detail"]


def test_starting_runs_has_its_own_limit(api: Api) -> None:
    assert [left(simulate(api)) for _ in range(2)] == [(2, 1), (2, 0)]
    response = simulate(api)
    assert (response.status_code, left(response)) == (429, (2, 0))
    assert "Too many requests that start runs: one key or person may send 2 per hour." in response.json()["detail"]
    assert EvalRun.objects.count() == 2
    assert left(api.get("/agents")) == (5, 1)  # what starts no run goes on


def test_the_nearest_of_both_limits_is_told(api: Api) -> None:
    for _ in range(4):
        api.get("/agents")
    assert left(simulate(api)) == (5, 0)


def test_keys_are_counted_apart(api: Api) -> None:
    api.get("/agents")
    assert left(Api(api.project).get("/agents")) == (5, 4)


def test_a_person_is_counted_over_all_their_sessions(api: Api) -> None:
    person = factories.owner(project=api.project)
    remaining = []
    for _ in range(2):
        client = Client()
        client.force_login(person)
        remaining.append(left(client.get("/api/v1/agents"))[1])
    assert remaining[1] == remaining[0] - 1


def test_a_replayed_answer_counts_and_says_its_own_numbers(api: Api) -> None:
    api.headers["Idempotency-Key"] = "k1"
    assert [left(simulate(api)) for _ in range(2)] == [(2, 1), (2, 0)]
    assert EvalRun.objects.count() == 1


@pytest.mark.parametrize("path", ["/api/v1/agents", "/api/v1/nothing"])
def test_who_is_not_known_has_no_numbers(api: Api, path: str) -> None:
    assert not set(HEADERS) & set(checked(api.client.get(path)).headers)


def test_when_the_window_ends_the_whole_limit_is_there_again(settings: Any) -> None:
    settings.API_RATE_LIMIT = "2/second"
    with pytest.raises(Problem) as refused:
        three_requests_of("impatient")
    assert refused.value.headers["Retry-After"] == "1"
    time.sleep(1.05)
    assert request_count("impatient", starts_run=False)["X-RateLimit-Remaining"] == "1"


def three_requests_of(identity: str) -> None:
    for _ in range(3):
        request_count(identity, starts_run=False)


def test_a_clock_that_is_set_back_keeps_nobody_out(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_RATE_LIMIT = "2/minute"
    with pytest.raises(Problem):
        three_requests_of("set back")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    headers = request_count("set back", starts_run=False)
    assert headers["X-RateLimit-Remaining"] == "1"
    assert int(headers["X-RateLimit-Reset"]) - time.time() <= 61


def test_a_limit_of_0_is_none(api: Api, settings: Any) -> None:
    settings.API_RATE_LIMIT = settings.API_RUN_RATE_LIMIT = "0"
    answers = [simulate(api) for _ in range(7)]
    assert {answer.status_code for answer in answers} == {200}
    assert not set(HEADERS) & set(answers[0].headers)


def test_the_run_limit_holds_where_there_is_no_other(api: Api, settings: Any) -> None:
    settings.API_RATE_LIMIT = "0"
    assert left(simulate(api)) == (2, 1)
    assert "X-RateLimit-Limit" not in api.get("/agents")


def opened(api: Api) -> dict[str, str]:
    headers = [(b"host", b"testserver"), (b"authorization", api.headers["Authorization"].encode())]
    scope = {"type": "http", "method": "GET", "path": "/api/v1/eval-runs/x/events", "query_string": b"", "headers": headers}
    return dict(stream_grant(scope, Scope.READ).headers)


def test_opening_a_stream_is_one_request(api: Api) -> None:
    assert opened(api)["X-RateLimit-Remaining"] == "4"
    assert left(api.get("/agents")) == (5, 3)
    for _ in range(3):
        opened(api)
    with pytest.raises(Problem) as refused:
        opened(api)
    assert (refused.value.status, set(refused.value.headers)) == (429, {*HEADERS, "Retry-After"})


@pytest.mark.parametrize("value", ["many", "0/minute", "10", "-1/minute", "10/fortnight", "1/second; 5/minute", "1.5/second"])
@pytest.mark.parametrize("name", ["EVALHUB_API_RATE_LIMIT", "EVALHUB_API_RUN_RATE_LIMIT"])
def test_a_setting_that_is_no_rate_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=rf"{name}: .*must be one rate such as 3000/minute"):
        read_env()


@pytest.mark.parametrize("value", ["3000/minute", "10 per second", "100/2 hours", "0"])
def test_a_setting_that_is_a_rate_is_taken(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("EVALHUB_API_RATE_LIMIT", value)
    assert read_env().api_rate_limit == value


def test_counting_asks_no_database(settings: Any) -> None:
    settings.API_RATE_LIMIT = settings.API_RUN_RATE_LIMIT = "9/hour"  # without the fixture `db` a query would raise
    assert request_count("nobody asks", starts_run=True)["X-RateLimit-Remaining"] == "8"


def was_admitted(number: int) -> bool:
    try:
        request_count("many threads", starts_run=False)
    except Problem:
        return False
    return True


def test_many_threads_at_once_are_never_let_through_more_often_than_the_limit_says(settings: Any) -> None:
    settings.API_RATE_LIMIT = "100/hour"
    assert was_admitted(0)
    with ThreadPoolExecutor(8) as pool:
        admitted = sum(pool.map(was_admitted, range(400)))
    assert 0 < admitted <= 99
