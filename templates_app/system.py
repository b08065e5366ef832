"""The evaluation templates that ship with EvalHub: rubrics a careful person could rate with as well as a model.

Plain Python over the texts in `system_data/`. The service that seeds a database reads `SYSTEM_TEMPLATES`; nothing else should.
"""

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

TemplateType = Literal["quality", "adaptation"]

_FOLDER = resources.files("templates_app") / "system_data"


@dataclass(frozen=True, slots=True)
class CategoryData:
    """One thing that is scored from 0 to 100. `prompt_instructions` carries its anchors. A weight of None is one that nobody stated."""

    key: str
    label: str
    prompt_instructions: str
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class TemplateData:
    """A whole template as it is seeded. `slug` stays the same when name or texts change, so that a seed can find its row again."""

    slug: str
    name: str
    description: str
    template_type: TemplateType
    scoring_rubric: str
    categories: tuple[CategoryData, ...]
    temperature: float
    max_tokens: int


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _category(data: dict[str, Any]) -> CategoryData:
    return CategoryData(data["key"], data["label"], data["prompt_instructions"].strip(), float(data["weight"]))


def _template(name: str) -> TemplateData:
    data = tomllib.loads(_text(name))
    # How to read, score and quote is the same for every template; written once, it cannot drift apart.
    rubric = f"{data.pop('scoring_rubric').strip()}\n\n{_text('reading.txt').strip()}"
    categories = tuple(_category(item) for item in data.pop("categories"))
    return TemplateData(**data, scoring_rubric=rubric, categories=categories)


SYSTEM_TEMPLATES: tuple[TemplateData, ...] = tuple(_template(name) for name in ("quality.toml", "adaptation.toml"))
