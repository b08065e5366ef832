"""Writes of model providers and of the project's own prices. The pages call these; a key goes in here and never comes out."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from agents.addresses import origin
from agents.models import ModelPrice, ModelProvider
from evalhub.accounts.models import Project
from evalhub.common.names import CASE, twin_beside

SETTABLE = ("name", "kind", "base_url", "default_model", "is_active")
TAKEN = "Another provider of this project has this name."


@dataclass(frozen=True, slots=True)
class Saved:
    """`lost_key`: the address leads to another server now, and the key stayed behind."""

    provider: ModelProvider
    lost_key: bool = False


@transaction.atomic
def provider_create(*, project: Project, secret: str = "", **columns: Any) -> ModelProvider:
    """Raises ValidationError that names the field."""
    provider = ModelProvider(project=project)
    _write(provider, columns)
    provider.set_secret(secret)
    return _saved(provider)


@transaction.atomic
def provider_update(*, project: Project, provider_id: uuid.UUID, secret: str | None = None, **columns: Any) -> Saved:
    """Change what is given of SETTABLE. A `secret` of "" removes the key, None keeps it as long as the server stays the same.

    Prices follow a new name. Raises ModelProvider.DoesNotExist, and ValidationError that names the field.
    """
    provider = ModelProvider.objects.select_for_update().get(project=project, pk=provider_id)
    name, known_origin = provider.name, origin(provider.base_url)
    _write(provider, columns)
    had_key = bool(provider.secret_encrypted)
    moved = origin(provider.base_url) != known_origin
    if secret is not None or moved:
        provider.set_secret(secret or "")  # a key goes only to the server it was given for, or moving an address would steal it
    _saved(provider)
    if provider.name != name:
        _prices_follow(project, name, provider.name)
    return Saved(provider, lost_key=had_key and moved and not secret)


@transaction.atomic
def provider_delete(*, project: Project, provider_id: uuid.UUID) -> ModelProvider:
    """Its key and its prices go too. Raises ModelProvider.DoesNotExist."""
    provider = ModelProvider.objects.select_for_update().get(project=project, pk=provider_id)
    ModelPrice.objects.filter(project=project, provider=provider.name).delete()
    provider.delete()
    return provider


def price_set(
    *,
    project: Project,
    provider: str,
    model: str,
    input_usd: Decimal,
    output_usd: Decimal,
    cached_input_usd: Decimal | None = None,
    changed_by: User | None = None,
) -> ModelPrice:
    """What this model costs from the next run that a worker takes up; calls that were made keep theirs."""
    values = {"input_usd": input_usd, "output_usd": output_usd, "cached_input_usd": cached_input_usd, "changed_by": changed_by}
    price, _ = ModelPrice.objects.update_or_create(project=project, provider=provider, model=model, defaults=values)
    return price


def price_delete(*, project: Project, price_id: uuid.UUID) -> ModelPrice:
    """From then on the price list is asked again. Raises ModelPrice.DoesNotExist."""
    price = ModelPrice.objects.get(project=project, pk=price_id)
    ModelPrice.objects.filter(pk=price.pk).delete()
    return price


def _write(provider: ModelProvider, columns: dict[str, Any]) -> None:
    if unknown := set(columns) - set(SETTABLE):
        raise TypeError(f"A provider has no {', '.join(sorted(unknown))} to set.")
    before = provider.name
    for column, value in columns.items():
        setattr(provider, column, value)
    if taken := twin_beside(provider, provider.name, before=before):
        raise ValidationError({"name": f"Another provider of this project is already named “{taken}”; {CASE}."})
    provider.clean_fields(exclude=["project"])


def _saved(provider: ModelProvider) -> ModelProvider:
    try:
        with transaction.atomic():
            provider.save()
    except IntegrityError:
        raise ValidationError({"name": TAKEN}) from None
    return provider


def _prices_follow(project: Project, old: str, new: str) -> None:
    """A price that is there for the new name already is the one meant."""
    prices = ModelPrice.objects.filter(project=project)
    known = prices.filter(provider=new).values_list("model", flat=True)
    prices.filter(provider=old).exclude(model__in=list(known)).update(provider=new)
    prices.filter(provider=old).delete()
