"""What the views of this room ask before they show or change a template; who may open a page at all is said in evalhub.accounts.pages."""

import uuid
from typing import cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404

from evalhub.accounts.pages import PageRequest, require_editor
from templates_app.models import EvalTemplate


def template_or_404(request: PageRequest, template_id: uuid.UUID) -> EvalTemplate:
    """A template that the project may use, with its categories."""
    usable = EvalTemplate.objects.visible_to(request.membership.project).prefetch_related("categories")
    found = usable.filter(pk=template_id).first()
    if found is None:
        raise Http404
    return found


def own_or_refuse(request: PageRequest, template_id: uuid.UUID) -> EvalTemplate:
    """One that this reader may change. Raises PermissionDenied, which becomes the 403 page."""
    template = template_or_404(request, template_id)
    require_editor(request)
    if template.is_system:
        raise PermissionDenied("A system template is the same for everybody. Duplicate it to make one of your own.")
    return template


def author_of(request: PageRequest) -> User:
    """Who signs a version."""
    return cast(User, request.user)  # lazy, so an instance of nothing else either
