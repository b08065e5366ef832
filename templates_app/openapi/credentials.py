"""Whether a request carries the credentials that its operation asks for. Whether they are right is the server's to say."""

from collections.abc import Mapping, Sequence
from typing import Any

from templates_app.openapi.checks import Check
from templates_app.openapi.snapshot import Credential
from templates_app.reasons import FailureReason

Security = Sequence[Sequence[Credential]]


def check_security(security: Security, given: Mapping[str, Mapping[str, Any]]) -> list[Check]:
    """One check, or none where the operation asks for nothing. `given` is what was written, by place."""
    if not security:
        return []
    if any(all(_is_there(each, given) for each in together) for together in security):
        return [Check("security", "The credentials are there.")]
    ways = " or ".join(" with ".join(map(_described, together)) for together in security)
    return [Check("security", f"The credentials are missing: {ways}."[:400], FailureReason.AUTH)]


def credential_names(security: Security) -> dict[str, set[str]]:
    """Names under which credentials may be sent, by place."""
    found: dict[str, set[str]] = {"query": set(), "header": set(), "cookie": set()}
    for together in security:
        for each in together:
            found.setdefault(each["in"], set()).add(each["name"])
    return found


def _is_there(credential: Credential, given: Mapping[str, Mapping[str, Any]]) -> bool:
    if credential["in"] not in given:
        return True  # nothing that a request could carry
    name = credential["name"].lower() if credential["in"] == "header" else credential["name"]
    text = str(given[credential["in"]].get(name) or "").strip()
    prefix = credential["prefix"]
    return bool(text) and text.lower().startswith(prefix.lower()) and len(text) > len(prefix.strip())


def _described(credential: Credential) -> str:
    said = f"{credential['in']} {credential['name']}".strip() or credential["scheme"]
    return f"{said} beginning with {credential['prefix'].strip()}" if credential["prefix"] else said
