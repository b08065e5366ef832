"""Model calls that belong to no run: what somebody tried out in a page. They count in the project's tally like all others.

Pages call it after each call, whether that worked or not: what was spent is spent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from agents.llm.types import CallRecord
from evalhub.accounts.models import Project
from runs.engine import meter

CHAT = "chat"  # the purpose of such calls, beside those of `ModelCall.Purpose`


@dataclass(frozen=True, slots=True)
class Spent:
    """What some calls cost: dollars as far as prices are known, and how many have none."""

    price_usd: Decimal = Decimal(0)
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


def calls_tally(*, project: Project, calls: Sequence[CallRecord], purpose: str = CHAT) -> Spent:
    """Add the calls to the project's days, and say what they cost."""
    with transaction.atomic():
        meter.add([(project.pk, purpose, call) for call in calls], timezone.now())
    return Spent(
        price_usd=sum((call.price_usd or Decimal(0) for call in calls), Decimal(0)),
        unpriced=sum(call.is_unpriced for call in calls),
        input_tokens=sum(call.usage.input_tokens or 0 for call in calls),
        output_tokens=sum(call.usage.output_tokens or 0 for call in calls),
    )
