"""A request that a model wrote, checked against its operation before anything is sent.

Details name places, rules and variables; they never hold a value that was filled in, since they are stored and shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evalhub.common.masking import Mask
from templates_app.openapi import paths, variables
from templates_app.openapi.answer import WrittenRequest
from templates_app.openapi.bodies import Sent, check_body
from templates_app.openapi.checks import Check, reasons_of, several
from templates_app.openapi.coercing import wire_text
from templates_app.openapi.credentials import check_security, credential_names
from templates_app.openapi.sending import Prepared, Unsendable, check_header, cookie_text, header_text, path_text, query_text
from templates_app.openapi.servers import base_paths
from templates_app.openapi.snapshot import Operation
from templates_app.openapi.values import KEYS, Given, Values, check_values
from templates_app.reasons import FailureReason


@dataclass(frozen=True)
class CheckedRequest:
    """`prepared` is what to send, with secrets in it; None when a check failed."""

    checks: tuple[Check, ...]
    prepared: Prepared | None

    @property
    def reasons(self) -> list[FailureReason]:
        return reasons_of(self.checks)


def check_request(
    operation: Operation,
    written: WrittenRequest,
    known: Mapping[str, str] | None = None,
    *,
    base_url: str = "",
    expects_security: bool = True,
) -> CheckedRequest:
    """All checks of a request; `known` are the variables of the profile. A path may begin with that of `base_url`, or of a server of the
    document. Without `expects_security` nobody asked for credentials.
    """
    known = known or {}
    checks = [_variables(written, known), _method(operation, written)]
    bases = base_paths([base_url, *operation["servers"]])
    checks, prepared = _checked(operation, variables.filled(written, known), checks, bases, expects_security)
    # A name that was put together from variables may stand in a detail.
    mask = Mask(known)
    shown = tuple(replace(check, detail=mask.apply(check.detail)) for check in checks)
    return CheckedRequest(shown, prepared)


def _checked(
    operation: Operation, request: WrittenRequest, checks: list[Check], bases: list[str], expects_security: bool
) -> tuple[list[Check], Prepared | None]:
    """The checks of a request whose variables are filled in, after those that there are."""
    try:
        path, in_path = paths.take_query(request.path)
        found = paths.match(path, operation["path"], bases)
    except paths.WrongPath as error:
        return [*checks, Check("path", str(error), FailureReason.WRONG_PATH)], None
    query = {name: value for name, value in {**in_path, **request.query}.items() if value is not None}
    given = Given(found, query, _texts(request.headers), _cookies(request))
    values, parts = _parameters(operation, given)
    checks += parts
    if expects_security:
        checks += check_security(operation["security"], given.by_place())
    sent, faults = check_body(operation, request.body, given.headers.get("content-type", ""))
    checks += several("body", faults, "The body fits." if sent else "There is no body, and none is required.")
    if reasons_of(checks):
        return checks, None
    return _prepared(operation, given, values, sent, checks)


def _variables(written: WrittenRequest, known: Mapping[str, str]) -> Check:
    unknown = [name for name in variables.named_in(written) if name not in known]
    if unknown:
        return Check("variables", f"The profile has no variable {', '.join(unknown)[:200]}.", FailureReason.UNKNOWN_VARIABLE)
    return Check("variables", "All variables are the profile's.")


def _method(operation: Operation, written: WrittenRequest) -> Check:
    if written.method != operation["method"]:
        return Check("method", f"The method is {written.method}, not {operation['method']}.", FailureReason.WRONG_METHOD)
    return Check("method", f"The method is {operation['method']}.")


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.strip().lower(): wire_text(value).strip(" ") for name, value in headers.items() if value is not None}


def _cookies(request: WrittenRequest) -> dict[str, Any]:
    """Those under `cookies`, and those that were written as a header."""
    found: dict[str, Any] = {}
    for name, value in request.headers.items():
        if name.strip().lower() == "cookie" and isinstance(value, str):
            pairs = [part.strip().partition("=") for part in value.split(";")]
            found |= {name: text for name, _, text in pairs if name}
    return found | {name: value for name, value in request.cookies.items() if value is not None}


def _parameters(operation: Operation, given: Given) -> tuple[Values, list[Check]]:
    values, faults = check_values(operation, given, credential_names(operation["security"]))
    faults["headers"] += list(_unsendable_headers(given.headers))
    passed = {
        "path": f"The path is {operation['path']}.",
        "query": "The query fits.",
        "headers": "The headers fit.",
        "cookies": "The cookies fit.",
    }
    written = {KEYS[place]: parts for place, parts in given.by_place().items()}
    described = {"path", *(KEYS[parameter["in"]] for parameter in operation["parameters"])}
    parts = [key for key in passed if faults[key] or written[key] or key in described]
    return values, [check for key in parts for check in several(key, faults[key], passed[key])]


def _unsendable_headers(headers: Mapping[str, str]) -> Iterator[Check]:
    for name, value in headers.items():
        try:
            if name != "cookie":
                check_header(name, value)
        except Unsendable as error:
            yield Check("headers", str(error), FailureReason.INVALID_PARAMETER)


def _prepared(
    operation: Operation, given: Given, values: Values, sent: Sent | None, checks: list[Check]
) -> tuple[list[Check], Prepared | None]:
    names = credential_names(operation["security"])
    described = {parameter["name"].lower(): header_text(parameter, value) for parameter, value in values["header"]}
    headers = {name: value for name, value in given.headers.items() if name not in ("cookie", "content-type")} | described
    cookies = {parameter["name"]: header_text(parameter, value) for parameter, value in values["cookie"]}
    cookies |= {name: wire_text(given.cookies[name]) for name in names["cookie"] & given.cookies.keys()}
    unnamed = names["query"] & given.query.keys() - {parameter["name"] for parameter, _ in values["query"]}
    others = {name: wire_text(given.query[name]) for name in sorted(unnamed)}
    try:
        if cookies:
            headers["cookie"] = cookie_text(cookies)
        if sent:
            headers["content-type"] = sent.content_type
        for name, value in headers.items():
            check_header(name, value)
        target = path_text(operation["path"], values["path"]) + query_text(values["query"], others)
    except Unsendable as error:
        return [*checks, Check("sending", str(error), FailureReason.INVALID_PARAMETER)], None
    return checks, Prepared(operation["method"], target, tuple(headers.items()), sent.data if sent else None)
