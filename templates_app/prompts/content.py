"""What prompts, topics and brands may hold, checked the same for pages, files and the API. Plain functions."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError

from templates_app.yamltext import sayable

LONGEST_PROMPT = 10_000
LONGEST_TOPIC = 120
LONGEST_TAG = 80
LONGEST_PLATFORM = 120
MOST_TAGS, MOST_PLATFORMS = 20, 20


def checked_text(value: str, *, field: str, noun: str, most: int) -> str:
    """The text without white space around it. Raises ValidationError of its field for one that is empty, too long, or cannot be stored."""
    text = value.strip()
    if not text:
        raise ValidationError({field: f"A {noun} is needed."})
    if len(text) > most:
        raise ValidationError({field: f"A {noun} of {len(text):,} characters; at most {most:,} are kept."})
    if "\x00" in text or sayable(text) != text:
        raise ValidationError({field: f"The {noun} has a character in it that cannot be stored."})
    return text


def one_line(value: str, *, field: str, noun: str, most: int) -> str:
    """The same with runs of white space as one space."""
    return checked_text(" ".join(value.split()), field=field, noun=noun, most=most)


def checked_words(values: Iterable[str], *, field: str, noun: str, most: int, length: int) -> list[str]:
    """Each word once, in order; empty ones vanish. Raises ValidationError of the field."""
    words = list(dict.fromkeys(one_line(value, field=field, noun=noun, most=length) for value in values if value.strip()))
    if len(words) > most:
        raise ValidationError({field: f"At most {most}; these are {len(words)}."})
    return words


def checked_platforms(values: Iterable[str]) -> list[str]:
    """Names of platforms."""
    return checked_words(values, field="platform_ids", noun="platform", most=MOST_PLATFORMS, length=LONGEST_PLATFORM)


def checked_tags(values: Iterable[str]) -> list[str]:
    """Free words."""
    return checked_words(values, field="tags", noun="tag", most=MOST_TAGS, length=LONGEST_TAG)


def sentence(error: ValidationError) -> str:
    """Everything an error says, for where no form shows its fields."""
    return " ".join(error.messages)
