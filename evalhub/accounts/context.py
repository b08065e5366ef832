"""What every template may know: the reader's membership."""

from typing import Any

from django.http import HttpRequest


def current_project(request: HttpRequest) -> dict[str, Any]:
    """`membership`: lazy, and absent on error pages that have no session."""
    return {"membership": getattr(request, "membership", None)}
