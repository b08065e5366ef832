"""Every rule of the contract's page, in our words, is shown by a golden exchange, or by a test that is named here where none can."""

from pathlib import Path

import pytest

from tests.contract.exchange import cases

ROOT = Path(__file__).resolve().parents[2]
LIVE = "tests/contract/live"

RULES = {
    "row.simulate": "POST simulate starts a simulation and answers 200 with run_id and running",
    "row.run-eval": "POST run-eval needs a template, simulates and judges, and answers like simulate",
    "row.eval-only": "POST eval-only needs a template and a source run, and answers like simulate",
    "row.evaluate": "POST evaluate needs two messages and a template, and answers 202 with a Location, run_id and pending",
    "row.runs": "GET eval-runs lists runs, of one agent too",
    "row.run": "GET eval-runs/{run_id} is one run",
    "row.run.delete": "DELETE eval-runs/{run_id} answers success",
    "row.events": "GET eval-runs/{run_id}/events is an event stream",
    "row.templates": "GET eval-templates lists own templates and the system's, of one type if asked",
    "row.templates.create": "POST eval-templates makes one and answers with it",
    "row.template.get": "GET eval-templates/{template_id} is one template",
    "row.template.put": "PUT eval-templates/{template_id} changes any subset, the type too",
    "row.template.delete": "DELETE eval-templates/{template_id} answers success",
    "row.agents.create": "POST agents makes or changes an agent and answers with it",
    "row.agents.list": "GET agents is a page with items, has_more, total_count and next_cursor",
    "row.agent.get": "GET agents/{agent} is one agent",
    "row.agent.delete": "DELETE agents/{agent} says what was deleted",
    "row.agent.profile": "PATCH agents/{agent}/profile answers success",
    "row.schemas": "GET schemas/{Name}.json is the JSON Schema of a body",
    "path.no_redirect": "a path has no trailing slash, and nothing is ever redirected",
    "agent.by_name": "an agent is named by UUID or by URL-encoded name",
    "scope.project": "everything belongs to the key's project, and what is another's looks like what is not there",
    "run.keys": "a run has exactly the contract's keys, all but three of them always",
    "run.started_at": "completed_at may be null, started_at never is",
    "run.absent": "absent ids and names are empty texts, absent objects {}, absent lists []",
    "run.offsets": "moments carry an offset",
    "run.schema": "$schema is absolute or absent",
    "run.transcript": "a line of the transcript says index, role, content, session, turn and when",
    "run.tool_calls": "tool_calls and name are there where a message has them, and all four roles are known",
    "run.total_turns": "total_turns counts the user's",
    "run.error_reason": "why a run failed stands in error_reason",
    "result.shape": "a result has score, feedback, categories with evidence, judge_model and template_id; scores are 0 to 100",
    "result.none": "where there is no result there is {}",
    "result.costs": "costs are numbers, and the total is simulation and evaluation together",
    "template.defaults": "a template needs a name only: temperature 0.3, 8192 tokens, type quality, also for an empty type",
    "template.any_judge": "any name of a judge is taken; whether there is a provider for it is said in the run's error_reason",
    "template.outlived": "a run outlives its template",
    "template.system": "the system's templates refuse PUT and DELETE with 403",
    "defaults.sim_config": "what is left out of a simulation's configuration has a default",
    "lenient.older_persona": "the older shape of a persona is mapped",
    "lenient.categories": "older categories, and plain texts, are mapped",
    "lenient.json_text": "config_override, simulation_config and user_persona may be JSON texts of objects",
    "lenient.free_session": "in a session without turns the persona speaks freely",
    "lenient.pointed": "what cannot be mapped is a 422 that points at it",
    "adaptation.default": "without adaptation_template_id the project's first is taken, the system's last",
    "adaptation.quality_only": "quality_only leaves adaptation out",
    "paging.numbered": "limit and offset, or neither, answer runs and total_count",
    "paging.cursor": "page_size or cursor answer runs, has_more and next_cursor, and no total_count",
    "paging.keyset": "runs of the same moment are ordered by id",
    "paging.newest_first": "the newest run comes first",
    "paging.meanwhile": "a run made while somebody pages is neither skipped nor repeated",
    "paging.bad_values": "a page that cannot be is a 422",
    "error.problem": "every refusal is a problem in JSON, never HTML",
    "error.keys": "a problem has all its keys, and detail, message and error say the same",
    "error.location": "an item of errors has location, field, message, value and code",
    "error.resource": "a 404 names the resource",
    "error.400": "malformed",
    "error.401": "no key, or a wrong one",
    "error.403": "not allowed, with the scope that is needed",
    "error.404": "not there, or not yours",
    "error.409": "a conflict",
    "error.422": "invalid",
    "error.429": "too many",
    "auth.bearer": "the key comes in the Authorization header",
    "retries.same": "the same Idempotency-Key and body give the same answer and one run",
    "retries.conflict": "the same Idempotency-Key with another body is a 409",
    "retries.methods": "it holds for POST, PUT and PATCH",
    "retries.day": "it holds for 24 hours",
    "retries.timeout": "a client that gave up waiting and asks again starts nothing twice",
    "limits.headers": "answers carry X-RateLimit-Limit, -Remaining and -Reset in unix seconds",
    "limits.429": "above the limit the answer is 429 with Retry-After",
    "events.frames": "a frame is an id and one JSON object",
    "events.keep_alive": "comments keep the connection alive, at most 15 seconds apart",
    "events.done": "the stream ends with [DONE] once the run is final and all is sent",
    "events.from": "from=N starts at event N, counting from 0",
    "events.last_event_id": "Last-Event-ID: N-1 does too",
    "events.replay": "a finished run replays",
    "events.chunks": "an event above 256 KiB comes in pieces, and counts as one",
    "events.common_keys": "every event has the eight common keys without nulls",
    "events.types": "the types of events",
    "events.retrying": "a model call that is made again is told",
    "events.final_status": "the last event is final_status with status, error_reason and the results, the quality result under two names",
    "events.resume": "a stream that was cut goes on exactly where it was",
}

# What no single exchange can show: time, lost connections, a model that fails first.
ELSEWHERE = {
    "retries.day": "tests/evalhub/test_idempotency.py::test_after_a_day_the_key_is_free_again",
    "retries.timeout": f"{LIVE}/test_retries.py::test_a_start_whose_answer_is_lost_is_one_run",
    "events.keep_alive": "tests/runs/live/test_sse.py::test_headers_come_at_once_and_signs_of_life_while_nothing_happens",
    "events.resume": f"{LIVE}/test_streams.py::test_a_running_run_that_is_cut_after_every_third_event_is_seen_whole",
    "events.retrying": "tests/runs/engine/test_faults.py::test_retries_are_events_of_the_run",
    "defaults.sim_config": "tests/runs/api/test_start.py::test_it_starts_a_simulation_from_an_empty_body",
}
CASES = dict(cases())


@pytest.mark.parametrize("rule", RULES)
def test_a_golden_exchange_or_a_named_test_shows_the_rule(rule: str) -> None:
    assert rule in ELSEWHERE or [name for name, case in CASES.items() if rule in case["shows"]], RULES[rule]


@pytest.mark.parametrize("name", CASES)
def test_an_exchange_shows_rules_that_are_listed(name: str) -> None:
    assert CASES[name]["shows"]
    assert set(CASES[name]["shows"]) <= RULES.keys()


def test_no_two_exchanges_have_one_name() -> None:
    names = [name for name, _ in cases()]
    assert len(names) == len(CASES)


@pytest.mark.parametrize("rule", ELSEWHERE)
def test_what_is_tested_elsewhere_is_there(rule: str) -> None:
    path, _, name = ELSEWHERE[rule].partition("::")
    assert f"def {name}(" in (ROOT / path).read_text()
