"""What differs between two versions of a template, in the words of people who never saw JSON. Plain functions over `snapshot.content`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

FIELDS = {
    "name": "Name",
    "template_type": "Type",
    "judge_model": "Judge model",
    "temperature": "Temperature",
    "max_tokens": "Max tokens",
    "judge_samples": "Samples",
}
TEXTS = {"description": "Description", "scoring_rubric": "Rubric"}
WORDS = re.compile(r"\s+|\w+|[^\w\s]")
CONTEXT = 1  # unchanged lines that are shown around changed ones
# Comparing word by word takes the product of both lengths; beyond this, lines are shown as replaced.
MOST_PRODUCT = 400_000
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text: same, gone or new; or `skipped`, unchanged lines that are not shown."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. Either `said`, a sentence, or `parts` of a text."""

    title: str
    said: str = ""
    parts: Sequence[Part] = ()


def differences(old: Content, new: Content) -> list[Change]:
    """In the order of the editor; empty when nothing differs."""
    short = [Change(title, f"{_value(old[key])} → {_value(new[key])}") for key, title in FIELDS.items() if old[key] != new[key]]
    texts = [Change(title, parts=text_parts(old[key], new[key])) for key, title in TEXTS.items() if old[key] != new[key]]
    return [*short, *texts, *_categories(old["categories"], new["categories"])]


def summary(old: Content, new: Content) -> str:
    """The same in one line: `Rubric, Tone, 1 category added`."""
    titles = [change.title for change in differences(old, new)]
    return ", ".join(dict.fromkeys(titles)) or "Nothing"


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) if value != "" else "none"


def _categories(old: Sequence[Content], new: Sequence[Content]) -> list[Change]:
    before, after = {item["key"]: item for item in old}, {item["key"]: item for item in new}
    gone = [Change(item["label"], "Category removed.", _whole("gone", item)) for key, item in before.items() if key not in after]
    added = [item for key, item in after.items() if key not in before]
    fresh = [Change(item["label"], f"Category added, weight {item['weight']:g}.", _whole("new", item)) for item in added]
    kept = [change for key, item in after.items() if key in before for change in _category(before[key], item)]
    return [*gone, *fresh, *kept, *_moves(list(before), list(after), after)]


def _whole(kind: str, item: Content) -> list[Part]:
    return [Part(kind, item["prompt_instructions"])] if item["prompt_instructions"] else []


def _category(old: Content, new: Content) -> Iterator[Change]:
    title = new["label"]
    if old["label"] != title:
        yield Change(title, f"Renamed, it was “{old['label']}”.")
    if old["weight"] != new["weight"]:
        yield Change(title, f"Weight {old['weight']:g} → {new['weight']:g}.")
    if old["prompt_instructions"] != new["prompt_instructions"]:
        yield Change(title, "Instructions:", text_parts(old["prompt_instructions"], new["prompt_instructions"]))


def _moves(before: Sequence[str], after: Sequence[str], by_key: Mapping[str, Content]) -> list[Change]:
    """The fewest categories that had to move for the others to have stayed."""
    old, new = [key for key in before if key in by_key], [key for key in after if key in before]
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    stayed = {key for block in blocks for key in old[block.a : block.a + block.size]}
    moved = [key for key in new if key not in stayed]
    return [Change(by_key[key]["label"], f"Moved from place {before.index(key) + 1} to {after.index(key) + 1}.") for key in moved]


def text_parts(old: str, new: str) -> list[Part]:
    """Line by line, and word by word inside of what was replaced. Long unchanged stretches are folded."""
    a, b = old.splitlines(keepends=True), new.splitlines(keepends=True)
    parts: list[Part] = []
    opcodes = SequenceMatcher(None, a, b, autojunk=len(a) > 1000).get_opcodes()
    for number, (tag, a1, a2, b1, b2) in enumerate(opcodes):
        if tag == "equal":
            parts += _same(a[a1:a2], first=number == 0, last=number == len(opcodes) - 1)
        else:
            parts += _replaced("".join(a[a1:a2]), "".join(b[b1:b2]))
    return parts


def _same(lines: Sequence[str], *, first: bool, last: bool) -> list[Part]:
    head, tail = (0 if first else CONTEXT), (0 if last else CONTEXT)
    hidden = len(lines) - head - tail
    if hidden < 3:
        return [Part("same", "".join(lines))]
    skipped = Part("skipped", f"{hidden} unchanged lines")
    shown = [Part("same", "".join(lines[:head])), skipped, Part("same", "".join(lines[len(lines) - tail :] if tail else ()))]
    return [part for part in shown if part.text]


def _replaced(old: str, new: str) -> list[Part]:
    a, b = WORDS.findall(old), WORDS.findall(new)
    if len(a) * len(b) > MOST_PRODUCT:
        return [Part(kind, text) for kind, text in (("gone", old), ("new", new)) if text]
    parts: list[Part] = []
    for tag, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(Part("same", "".join(a[a1:a2])))
        else:
            parts += [Part(kind, text) for kind, text in (("gone", "".join(a[a1:a2])), ("new", "".join(b[b1:b2]))) if text]
    return parts
