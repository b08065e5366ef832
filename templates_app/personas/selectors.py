"""Reads of personas, each scoped to a project."""

from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.common.paging import Keyset, first_rows, rows_after
from templates_app.models import Persona


def persona_list(*, project: Project, search: str = "") -> QuerySet[Persona]:
    """Newest first; `search` is part of a name."""
    personas = Persona.objects.filter(project=project).order_by("-created_at", "-id")
    return personas.filter(name__icontains=search) if search else personas


def persona_page(*, personas: QuerySet[Persona], size: int, after: Keyset | None = None) -> tuple[list[Persona], bool]:
    """A page by keyset, and whether more follows. One query."""
    return first_rows(rows_after(personas, after), size)
