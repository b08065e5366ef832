"""What all projects together ask of providers just now, by the provider's name: for `/metrics`, which must not name projects."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from agents.limits.keys import ENVIRONMENT, provider_id_of
from agents.models import ModelProvider, ProviderLoad

ENDPOINT = "endpoint"  # servers of agents are of their projects, and there may be any number
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Use:
    """`ceiling` adds up those that a 429 set lately; `throttled` counts every 429 of who is still there."""

    in_use: int = 0
    waiting: int = 0
    throttled: int = 0
    ceiling: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Use)))


def uses() -> dict[str, Use]:
    """By name, also where projects have providers of the same name. Two queries."""
    living = Q(shares__expires_at__gt=timezone.now())
    loads = ProviderLoad.objects.order_by().values("key", "throttled", "ceiling")
    names = {str(key): name for key, name in ModelProvider.objects.order_by().values_list("id", "name")}
    found: dict[str, Use] = {}
    for row in loads.annotate(
        in_use=Sum("shares__in_use", filter=living, default=0), waiting=Sum("shares__waiting", filter=living, default=0)
    ):
        name = _name(row["key"], names)
        found[name] = found.get(name, Use()) + _use(row)
    return found


def _name(key: str, names: Mapping[str, str]) -> str:
    if key.startswith(ENVIRONMENT):
        return key.removeprefix(ENVIRONMENT)
    provider_id = provider_id_of(key)
    return names.get(provider_id, DELETED) if provider_id else ENDPOINT


def _use(row: Mapping[str, Any]) -> Use:
    return Use(row["in_use"], row["waiting"], row["throttled"], int(row["ceiling"] or 0))
