"""Writes of the brands that are looked for in answers. A batch carries a copy of them, so a change counts from the next one on."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from evalhub.accounts.models import Project
from evalhub.common.domains import domain_of
from templates_app.models import Brand
from templates_app.prompts.content import checked_words, one_line

LONGEST_NAME = 120
MOST_ALIASES = 50
MOST_BRANDS = 1_000


class BrandConflict(Exception):
    """Another brand of the project has this name or one of these aliases; the message says which, and `field` where it was typed."""

    def __init__(self, message: str, field: str = "name") -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def brand_create(*, project: Project, name: str, aliases: Iterable[str] = (), domain: str = "", is_own: bool = False) -> Brand:
    """Raises BrandConflict, and ValidationError that names the field."""
    if Brand.objects.filter(project=project).count() >= MOST_BRANDS:
        raise ValidationError(f"A project has at most {MOST_BRANDS:,} brands.")
    return _saved(Brand(project=project), name=name, aliases=aliases, domain=domain, is_own=is_own)


@transaction.atomic
def brand_update(*, brand_id: uuid.UUID, project: Project, **columns: Any) -> Brand:
    """Change what is given of name, aliases, domain and is_own. Raises Brand.DoesNotExist, BrandConflict and ValidationError."""
    brand = Brand.objects.select_for_update().get(pk=brand_id, project=project)
    now = {"name": brand.name, "aliases": brand.aliases, "domain": brand.domain, "is_own": brand.is_own}
    return _saved(brand, **(now | columns))


@transaction.atomic
def brand_delete(*, brand_id: uuid.UUID, project: Project) -> None:
    """Remove a brand. What was counted stays. Raises Brand.DoesNotExist."""
    Brand.objects.select_for_update().get(pk=brand_id, project=project).delete()


def _saved(brand: Brand, *, name: str, aliases: Iterable[str], domain: str, is_own: bool) -> Brand:
    brand.name = one_line(name, field="name", noun="name", most=LONGEST_NAME)
    words = checked_words(aliases, field="aliases", noun="alias", most=MOST_ALIASES, length=LONGEST_NAME)
    brand.aliases = [word for word in words if word != brand.name]
    brand.domain = _domain(domain)
    brand.is_own = is_own
    _refuse_names_of_others(brand)
    try:
        with transaction.atomic():
            brand.save(force_insert=brand._state.adding)
    except IntegrityError:
        raise BrandConflict(f"Another brand of this project is already named {brand.name!r}.") from None
    return brand


def _domain(written: str) -> str:
    domain = domain_of(written)
    if written.strip() and not domain:
        raise ValidationError({"domain": "This is no domain; write example.com or its whole address."})
    return domain


def _refuse_names_of_others(brand: Brand) -> None:
    """A name that two brands claim would be counted for one of them, by chance of their order."""
    mine = {name.casefold() for name in (brand.name, *brand.aliases)}
    for name, aliases in Brand.objects.filter(project_id=brand.project_id).exclude(pk=brand.pk).values_list("name", "aliases"):
        if taken := next((word for word in (name, *aliases) if word.casefold() in mine), None):
            field = "name" if taken.casefold() == brand.name.casefold() else "aliases"
            raise BrandConflict(f"The brand {name!r} already goes by {taken!r}.", field)
