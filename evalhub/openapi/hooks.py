"""What drf-spectacular cannot see by itself: the names of the public contract's paths, and the event stream, which is no view."""

from typing import Any

Endpoint = tuple[str, str, str, Any]
NAMES = {"{agent}": "{agentId}", "{run_id}": "{runId}", "{template_id}": "{templateId}", "{template}": "{templateId}"}


def described_paths(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Parameters of paths under the names that the public contract has for them."""
    return [(_renamed(path), regex, method, callback) for path, regex, method, callback in endpoints]


def _renamed(path: str) -> str:
    for ours, public in NAMES.items():
        path = path.replace(ours, public)
    return path


def event_stream(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    return result
