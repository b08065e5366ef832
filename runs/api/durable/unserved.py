"""Paths of the contract that this server does not have. They are told from mistyped ones, so that nobody looks for the mistake."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from evalhub.common.details import detail_response
from evalhub.common.problems import Problem

WHAT = {
    "prompts/actions": "actions",
    "api-performance/actions": "actions",
    "api-performance/skills": "skills",
    "api-performance/starter-projects": "starter projects",
}


@csrf_exempt
def unserved(request: HttpRequest, what: str, path: str = "") -> HttpResponse:
    """404 for whatever method."""
    return detail_response(Problem(404, f"This server has no {what}."))


def unserved_paths() -> list[URLPattern]:
    """Each of them, and what stands below it in the contract."""
    below = [(f"{route}/<path:path>", what) for route, what in WHAT.items() if route.startswith("api-performance/")]
    return [path(route, unserved, {"what": what}) for route, what in [*WHAT.items(), *below]]
