"""What the judge would be asked by a template that is being edited, and about what one judgement costs. For `tryout` only.

The prompt is made by the engine's own functions; tokens are an estimate and are called one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.clients import DEMO, load_providers
from agents.llm.errors import LLMError
from agents.llm.prices import price_at
from agents.llm.spec import ModelSpec
from agents.llm.tokens import about_tokens
from agents.llm.types import Usage
from evalhub.accounts.models import Project
from runs.engine.judge import answer_schema, judge_messages
from runs.engine.load import lines_of
from runs.engine.transcript import Line
from runs.models import EvalRun

# The shown middle of a long prompt is cut, at this many characters; it is sent whole.
MOST_SHOWN = 40_000
# What judges wrote for a category (reasoning and two or three quotes) and around it, in tokens.
ANSWER_A_CATEGORY, ANSWER_AROUND = 150, 60
SAMPLE = (
    ("user", "Can you plan three dinners? My daughter is allergic to hazelnuts."),
    ("assistant", "Gladly. Is it only hazelnuts, or other nuts as well? And how long may cooking take?"),
    ("user", "Only hazelnuts. Half an hour at most."),
    ("assistant", "Monday: tomato lentils. Tuesday: baked salmon with potatoes. Wednesday: vegetable curry. None has nuts of any kind."),
)
SAMPLE_LINES = tuple(Line(index, 0, index // 2, role, said) for index, (role, said) in enumerate(SAMPLE))


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the prompt; `left_out` characters of its middle are not shown."""

    role: str
    head: str
    tail: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Preview:
    """`price` is for one judgement, None when unpriced; `problem` says why no judge can be named."""

    messages: Sequence[Shown]
    schema: str
    tokens: int
    answer_tokens: int
    judge: str
    demo: bool
    samples: int
    price: Decimal | None
    problem: str
    suggested: Sequence[str]

    @property
    def whole_price(self) -> Decimal | None:
        """Of all samples together."""
        return None if self.price is None else self.price * self.samples


def preview(project: Project, edited: Mapping[str, Any], run: EvalRun | None) -> Preview:
    """Three queries: the transcript, if a run is named, the providers, and the project's own prices."""
    lines = lines_of([run.pk])[run.pk] if run else SAMPLE_LINES
    persona, agent_name = (run.user_persona, run.agent_name) if run else ({}, "the agent")
    messages = judge_messages(edited, lines, persona=persona, agent_name=agent_name)
    schema = json.dumps(answer_schema(edited["categories"]).model_json_schema(by_alias=True), ensure_ascii=False, indent=1)
    tokens = about_tokens(schema) + sum(about_tokens(message.content) for message in messages)
    answer = min(ANSWER_A_CATEGORY * len(edited["categories"]) + ANSWER_AROUND, edited["max_tokens"])
    judge = _judge(project, edited["judge_model"])
    spec = judge.spec
    return Preview(
        messages=[_shown(message.role, message.content) for message in messages],
        schema=schema,
        tokens=tokens,
        answer_tokens=answer,
        judge=spec.name if spec else "",
        demo=bool(spec and spec.kind == DEMO),
        samples=edited["judge_samples"],
        price=price_at(spec, Usage(tokens, answer)) if spec else None,
        problem=judge.problem,
        suggested=judge.suggested,
    )


@dataclass(frozen=True, slots=True)
class Judge:
    """Who would judge, or why nobody can; and the default models of the project's providers."""

    spec: ModelSpec | None
    problem: str = ""
    suggested: Sequence[str] = ()


def _judge(project: Project, name: str) -> Judge:
    try:
        providers = load_providers(project)
    except LLMError as error:
        return Judge(None, str(error))
    models = [f"{provider.name}/{provider.default_model}" for provider in providers.by_name.values() if provider.default_model]
    try:
        return Judge(providers.spec(name, part="judge"), suggested=models)
    except LLMError as error:
        return Judge(None, str(error), models)


def _shown(role: str, text: str) -> Shown:
    if len(text) <= MOST_SHOWN:
        return Shown(role, text, "", 0)
    head, tail = MOST_SHOWN * 3 // 4, MOST_SHOWN // 4
    return Shown(role, text[:head], text[-tail:], len(text) - head - tail)


def judge_names(shown: Preview, recent: Sequence[EvalRun]) -> list[str]:
    """What the field for the judge suggests: default models of the providers, and what judged lately."""
    return list(dict.fromkeys([*shown.suggested, *(run.judge_model for run in recent if run.judge_model), "demo/judge"]))
