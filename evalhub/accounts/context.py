"""What every template may know: where the reader is a member, and where they work now."""

from typing import Any

from django.http import HttpRequest


def current_project(request: HttpRequest) -> dict[str, Any]:
    """`membership` and `memberships`: lazy, and absent on error pages that have no session."""
    return {"membership": getattr(request, "membership", None), "memberships": getattr(request, "memberships", ())}
