"""What drf-spectacular cannot see by itself: the names of the public contract's paths, and the event stream, which is no view."""

from typing import Any

Endpoint = tuple[str, str, str, Any]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAMES = {"{agent}": "{agentId}", "{run_id}": "{runId}", "{template_id}": "{templateId}", "{template}": "{templateId}"}


def described_paths(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Every path with the event stream's, sorted; parameters are named as the public contract names them."""
    from evalhub.openapi.stream import PATH, EventStream  # its imports need the apps, which this module is loaded before

    everywhere = [*endpoints, (PATH, PATH, "GET", EventStream.as_view())]
    return sorted(((_renamed(path), regex, method, callback) for path, regex, method, callback in everywhere), key=_position)


def _renamed(path: str) -> str:
    for ours, public in NAMES.items():
        path = path.replace(ours, public)
    return path


def _position(endpoint: Endpoint) -> tuple[str, int]:
    path, _, method, _ = endpoint
    return path, METHODS.index(method)
