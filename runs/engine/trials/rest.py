"""REST APIs: the model writes a request; EvalHub checks it, sends it with the profile's variables filled in, and checks the response.

A coding agent is asked for the same: it works in the sandbox and prints the request. What it may try out there depends on the hosts that
its profile allows; only the request that it prints is checked and counts.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from evalhub.common.masking import Mask
from runs.engine.outcome import Outcome
from runs.engine.trials import behaviour, profiles
from runs.engine.trials.asking import ask
from runs.engine.trials.exchange import Exchange, send
from runs.engine.trials.plan import TrialPlan
from runs.engine.trials.stage import Shown, Stage
from templates_app.openapi.answer import NoRequest, WrittenRequest, written_request
from templates_app.openapi.checking import CheckedRequest, check_request
from templates_app.openapi.checks import Check, StoredCheck
from templates_app.openapi.responses import check_response
from templates_app.openapi.snapshot import Operation
from templates_app.openapi.task import request_task

NAME = "http"
TOLD_BODY = 20_000  # characters of a body
ANSWER, RESPONSE = "answer", "response"  # keys of checks beside those of templates_app.openapi


async def play(stage: Stage) -> Outcome:
    """The score is the share of the checks that passed; where some check failed before it, nothing is sent."""
    answer = await ask(stage, await asyncio.to_thread(task_of, stage.plan))
    if stage.found(NAME) is None:
        await stage.show(await _carried_out(stage, answer))
    found = stage.found(NAME) or {}
    decision = await behaviour.decided(stage, found["checks"], by_share=True)
    exchange = found["exchange"]
    return Outcome(
        passed=decision.passed,
        score=decision.score,
        failure_reasons=decision.reasons,
        latency_ms=exchange["latency_ms"] if exchange else None,
        tool_calls=1 if exchange else 0,
        details={"checks": list(decision.checks), "request": found["request"], "exchange": exchange, **stage.execution_details},
    )


def task_of(plan: TrialPlan) -> str:
    """What the model is told. Names of variables only where the definition says so; their values never."""
    asked = plan.definition
    task = request_task(
        operation_of(plan),
        with_docs=asked["docs_mode"] != "exclude",
        custom_prompt=asked["custom_prompt"],
        base_url=plan.base_url,
        variable_names=plan.variable_names,
    )
    return "\n\n".join(filter(None, (task, plan.context)))


def operation_of(plan: TrialPlan) -> Operation:
    """As the document described it when the batch was made."""
    return cast("Operation", plan.subject["operation"]["snapshot"])


async def _carried_out(stage: Stage, answer: str) -> Shown:
    try:
        written = await asyncio.to_thread(written_request, answer)
    except NoRequest as error:
        return _shown(None, [Check(ANSWER, str(error), error.reason).stored()], None)
    known = await profiles.variables(stage)
    base = profiles.base_url(stage)
    mask = Mask(known)
    may_name = bool(stage.plan.variable_names)  # without any it cannot give credentials, so none are missed in its request
    asked = partial(check_request, operation_of(stage.plan), written, known, base_url=base, expects_security=may_name)
    checked: CheckedRequest = await asyncio.to_thread(asked)
    checks = [check.stored() for check in checked.checks]
    if checked.prepared is None:
        return _shown(written, mask.apply(checks), None)
    stage.say(f"The request is sent: {written.method} {written.path}"[:400])
    exchange = await send(stage.http, base, checked.prepared, mask)
    answered = await asyncio.to_thread(_response_checks, operation_of(stage.plan), exchange, mask)
    return _shown(written, [*mask.apply(checks), *answered], exchange)


def _response_checks(operation: Operation, exchange: Exchange, mask: Mask) -> Sequence[StoredCheck]:
    if exchange.failure or exchange.received is None:
        return [Check(RESPONSE, exchange.detail, exchange.failure).stored()]
    found = check_response(operation, exchange.received.status, exchange.content_headers, exchange.content)
    return [replace(check, detail=mask.apply(check.detail)).stored() for check in found]


def _shown(written: WrittenRequest | None, checks: Sequence[Mapping[str, Any]], exchange: Exchange | None) -> Shown:
    kept = exchange.as_json() if exchange else None
    result = {"request": written and written.as_json(), "checks": list(checks), "exchange": kept}
    told = {"checks": [f"{check['key']}: {check['detail']}" for check in checks], **_told(kept)}
    return Shown(NAME, json.dumps(told, ensure_ascii=False, indent=1), result)


def _told(exchange: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The exchange as it stands in the transcript: the beginning of a long body is enough for people and for a judge."""
    if exchange is None:
        return {"sent": "Nothing was sent."}
    request, response = exchange["request"], exchange["response"]
    return {
        "request": request | {"body": request["body"][:TOLD_BODY]},
        "response": response and response | {"body": response["body"][:TOLD_BODY]},
        "latency_ms": exchange["latency_ms"],
    }
