"""Template tags for evalhub.common.formatting, and the one way a time is written on a page."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.common import formatting

register = template.Library()


@register.filter
def usd(amount: Decimal | float) -> str:
    return formatting.usd(amount)


@register.filter
def rate(amount: Decimal) -> str:
    return formatting.rate(amount)


@register.filter
def dollars(amount: Decimal | float) -> str:
    return formatting.dollars(amount)


@register.filter
def between(counts: Any) -> str:
    """Of anything with `low` and `high`."""
    return formatting.between(counts.low, counts.high)


@register.filter
def dollars_between(ends: tuple[Decimal, Decimal]) -> str:
    return formatting.dollars_between(*ends)


@register.filter
def score(value: float) -> str:
    return formatting.score(value)


@register.filter
def scores_between(ends: tuple[float, float]) -> str:
    return formatting.scores_between(*ends)


@register.filter
def signed_between(ends: tuple[float, float]) -> str:
    return formatting.signed_between(*ends)


@register.filter
def percent(share: float) -> str:
    return formatting.percent(share)


@register.filter
def percents_between(ends: Any) -> str:
    """Of anything with `low` and `high`."""
    return formatting.percents_between(ends.low, ends.high)


@register.filter
def signed(value: float) -> str:
    return formatting.signed(value)


@register.filter
def duration(seconds: float) -> str:
    return formatting.duration(seconds)


@register.filter
def milliseconds(seconds: float) -> str:
    return formatting.milliseconds(seconds)


@register.filter
def simulated(minutes: int) -> str:
    return formatting.simulated(minutes)


@register.simple_tag
def timestamp(moment: datetime) -> SafeString:
    """Relative for reading, exact in `title` and `datetime`. page.js keeps the words true while the page is open."""
    exact = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>', moment.isoformat(), exact, formatting.ago(moment, timezone.now())
    )
