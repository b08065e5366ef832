"""The history of a template: what it was after every save. `services` writes it, in the transaction of the save; pages read it."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from templates_app.models import EvalTemplate, EvalTemplateVersion
from templates_app.snapshot import content


class NewerVersion(Exception):
    """Somebody saved while another was typing. Its argument is the number of the version that is there now."""


def version_begin(template: EvalTemplate) -> EvalTemplateVersion:
    """The newest version. A template from before versions were kept gets its first one: what it is now, before it is changed."""
    newest = version_list(template).first()
    return newest or EvalTemplateVersion.objects.create(
        template=template, number=1, snapshot=content(template), created_at=template.updated_at
    )


def version_record(template: EvalTemplate, *, author: User | None = None, note: str = "") -> EvalTemplateVersion:
    """Keep what the template has become; without a change, the version that says so already."""
    newest, now = version_list(template).first(), content(template)
    if newest and newest.snapshot == now:
        return newest
    number = newest.number + 1 if newest else 1
    return EvalTemplateVersion.objects.create(template=template, number=number, snapshot=now, author=author, note=note)


def version_number(template: EvalTemplate) -> int:
    """The number of the newest version; 1 for a template that was not changed since versions are kept. One query."""
    return version_list(template).values_list("number", flat=True).first() or 1


def version_list(template: EvalTemplate) -> "QuerySet[EvalTemplateVersion]":
    """Newest first, with authors."""
    return template.versions.select_related("author").order_by("-number")
