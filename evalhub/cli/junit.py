"""A durable eval run as a JUnit report: a suite for each target, a case for each child, so that a CI server shows what failed and why."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

# What XML 1.0 cannot hold, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST = 20_000


def junit_text(run: Mapping[str, Any], children: Sequence[Mapping[str, Any]], url: str) -> str:
    """The report. `children` are answers of /v1/eval-runs/{id}/runs; `url` is where EvalHub's pages are."""
    by_target: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for child in children:
        by_target[f"{child.get('platform')}/{child.get('model')}"].append(child)
    report = JUnitXml(_clean(f"EvalHub {run['source_type']} {run['id']}"))
    for target, mine in by_target.items():
        suite = TestSuite(_clean(target))
        suite.add_testcases([_case(target, child, url) for child in mine])
        report.add_testsuite(suite)
    report.update_statistics()  # type: ignore[no-untyped-call]
    return str(report.tostring().decode())  # type: ignore[no-untyped-call]


def _case(target: str, child: Mapping[str, Any], url: str) -> TestCase:
    case = TestCase(_clean(_name(child)), classname=_clean(target), time=(child.get("latency_ms") or 0) / 1000)
    result = _result(child)
    if result is not None:
        case.result = [result]
    case.system_out = _clean(f"{url}/runs/{child['id']}/")
    return case


def _name(child: Mapping[str, Any]) -> str:
    endpoint = child.get("endpoint") or {}
    what = endpoint.get("path") or endpoint.get("description") or endpoint.get("id") or child["id"]
    named = f"{endpoint.get('method') or ''} {what}".strip()
    return f"{named} [{child['profile']}]" if child.get("profile") else named


def _result(child: Mapping[str, Any]) -> Error | Failure | Skipped | None:
    """None for a child that passed. An error is what could not be carried out, a failure what was and did not pass."""
    status, reasons = child["status"], child.get("failure_reasons") or []
    if status in ("failed", "interrupted"):
        return Error(_clean(child.get("error") or status), reasons[0] if reasons else status)
    if status != "completed":
        return Skipped(status)
    if child.get("passed") is None:
        return Skipped("Nothing was judged.")
    return None if child["passed"] else _failure(child, reasons)


def _failure(child: Mapping[str, Any], reasons: Sequence[str]) -> Failure:
    score = child.get("score")
    said = ", ".join(reasons) or "did not pass"
    failure = Failure(_clean(said if score is None else f"{said} (score {score:g} of 100)"), reasons[0] if reasons else "failed")
    failure.text = _clean(child.get("error") or said)
    return failure


def _clean(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)[:LONGEST]
