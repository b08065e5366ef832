"""Template tags of the page's frame: links of the navigation and the drawings that stand beside words."""

import uuid
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# Strokes in a box of 16 by 16, drawn for this project. Purely decorative: the word beside one, or its button's label, says what it means.
DRAWINGS = {
    "plus": "M8 3v10M3 8h10",
    "trash": "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5M7 7v3.5M9 7v3.5",
    "copy": "M5.5 5.5V3h7.5v7.5h-2.5M3 5.5h7.5V13H3z",
    "download": "M8 2.5V10M4.8 7 8 10.2 11.2 7M3 13h10",
    "upload": "M8 10.5V3M4.8 6 8 2.8 11.2 6M3 13h10",
    "drag": "M6 4h.01M6 8h.01M6 12h.01M10 4h.01M10 8h.01M10 12h.01",
    "up": "M8 13V3.5M4 7.5l4-4 4 4",
    "down": "M8 3v9.5M4 8.5l4 4 4-4",
    "left": "M10 3.5 5.5 8l4.5 4.5",
    "right": "M6 3.5 10.5 8 6 12.5",
    "check": "M3 8.5 6.5 12 13 4.5",
    "x": "M4 4l8 8M12 4l-8 8",
    "search": "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 13.5 13.5",
    "more": "M3.5 8h.01M8 8h.01M12.5 8h.01",
    "play": "M5 3.5v9l7.5-4.5z",
    "stop": "M4 4h8v8H4z",
    "refresh": "M13 8a5 5 0 1 1-1.5-3.6L13 6M13 2.8V6H9.8",
    "external": "M6.5 3.5H3.5v9h9v-3M9 3h4v4M13 3 7.5 8.5",
    "key": "M10.5 2.5a3 3 0 1 1-2.2 5L3 12.8V13.5h2v-1.5h1.5v-1.5H8V9M11 5h.01",
    "gear": "M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4M8 2v2M8 12v2M2 8h2M12 8h2"
    "M3.8 3.8l1.4 1.4M10.8 10.8l1.4 1.4M12.2 3.8l-1.4 1.4M5.2 10.8l-1.4 1.4",
    "eye": "M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6",
    "warn": "M8 2.5 14 13H2zM8 6.5v3M8 11.2h.01",
    "info": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 7.5V11M8 5h.01",
    "clock": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.8V8l2.2 1.6",
    "filter": "M2 3.5h12L9.5 8.5V13l-3-1.5v-3z",
    "chat": "M2.5 3h11v7.5H7.5L4.5 13v-2.5h-2z",
    "list": "M5.5 4H14M5.5 8H14M5.5 12H14M2.2 4h.01M2.2 8h.01M2.2 12h.01",
    "star": "M8 2.2 9.8 6l4 .5-3 2.8.8 4L8 11.3l-3.6 2 .8-4-3-2.8 4-.5z",
    "undo": "M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 7.5H6",
    "edit": "M3 13l.6-2.8L11 2.8l2.2 2.2-7.4 7.4zM9.5 4.3l2.2 2.2",
    "home": "M2.5 7.5 8 3l5.5 4.5V13h-4V9.5h-3V13h-4z",
    "chart": "M2.5 2.5v11h11M5.5 11V8.5M8.5 11V5M11.5 11V7",
    "person": "M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4M2.8 13.5c.4-2.7 2.5-4.2 5.2-4.2s4.8 1.5 5.2 4.2",
    "agent": "M3.5 5.5h9v7h-9zM8 5.5V3M8 2.8h.01M6 8.5h.01M10 8.5h.01M6.5 10.5h3",
    "pulse": "M1.8 8.5h3L6.5 4l3 8 1.7-3.5h3",
    "template": "M3 2.5h10v11H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h3",
    "code": "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
    "exit": "M6.5 3h-4v10h4M6 8h8M11 5l3 3-3 3",
    "theme": "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
    "shield": "M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4z",
    "voice": "M3 6.5v3l6.5 3v-9zM5 10.2v2.8M12 6a2.8 2.8 0 0 1 0 4",
    "grid": "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
    "target": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 8h.01",
    "trend": "M2 11.5 6 7.5l3 2.5 5-6M10.5 4H14v3.5",
    "menu": "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
    "switch": "M4.5 6 8 2.5 11.5 6M4.5 10 8 13.5l3.5-3.5",
}
FRAME = (
    '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d="{}"/></svg>'
)
_drawn = {name: mark_safe(FRAME.format(path)) for name, path in DRAWINGS.items()}  # noqa: S308  constants of this file


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of DRAWINGS. An unknown name is a mistake of a template, so it raises KeyError."""
    return _drawn[name]


@register.simple_tag(takes_context=True)
def side_link(context: dict[str, Any], href: str, label: str, drawing: str) -> SafeString:
    """One link of the navigation; it says so when the page at hand is at or below its address."""
    path = getattr(context.get("request"), "path", "")
    here = path == href if href == "/" else path.startswith(href)
    current = mark_safe(' aria-current="page"') if here else ""
    return format_html('<a class="side-link" href="{}"{}>{}{}</a>', href, current, _drawn[drawing], label)


@register.simple_tag
def once() -> SafeString:
    """The mark of a form of something new, another each time it is shown: `evalhub.accounts.once` holds it to making one thing."""
    return format_html('<input type="hidden" name="once" value="{}" data-no-draft>', uuid.uuid4().hex)
