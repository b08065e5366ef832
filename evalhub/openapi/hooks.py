"""What drf-spectacular cannot see by itself: the names of the public contract's paths, and the event stream, which is no view."""

from typing import Any

Endpoint = tuple[str, str, str, Any]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROOT = "/api/"
AGENT, RUN, TEMPLATE = "/api/v1/agents/{agentId}", "/api/v1/eval-runs/{runId}", "/api/v1/eval-templates/{templateId}"
ORDER = (  # as somebody meets them who starts a run, follows it, and then looks at what it was made of
    *(f"{AGENT}/run-eval", f"{AGENT}/simulate", f"{AGENT}/evaluate", f"{AGENT}/eval-only"),
    *("/api/v1/eval-runs", RUN, f"{RUN}/events", f"{RUN}/cancel", f"{RUN}/resume"),
    *("/api/v1/eval-templates", TEMPLATE),
    *("/api/v1/agents", AGENT, f"{AGENT}/profile"),
)
NAMES = {"{agent}": "{agentId}", "{run_id}": "{runId}", "{template_id}": "{templateId}", "{template}": "{templateId}"}


def described_paths(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Every path of /api/v1 with the event stream's, in the order of the page; parameters are named as the public contract names them.

    The dialect /v1 describes itself (runs.api.durable.document).
    """
    from evalhub.openapi.stream import PATH, EventStream  # its imports need the apps, which this module is loaded before

    here = (endpoint for endpoint in endpoints if endpoint[0].startswith(ROOT))
    everywhere = [*here, (PATH, PATH, "GET", EventStream.as_view())]
    return sorted(((_renamed(path), regex, method, callback) for path, regex, method, callback in everywhere), key=_position)


def _renamed(path: str) -> str:
    for ours, public in NAMES.items():
        path = path.replace(ours, public)
    return path


def _position(endpoint: Endpoint) -> tuple[int, str, int]:
    """A path that the order does not name comes last."""
    path, _, method, _ = endpoint
    return ORDER.index(path) if path in ORDER else len(ORDER), path, METHODS.index(method)
