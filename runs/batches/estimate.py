"""About what a batch will cost, before it starts: a call for each child and one for each judgement, at today's prices.

What is read is counted from the text itself. How much is written is a guess, as in `runs.estimate`; a coding agent costs what its
owner says one eval costs. None as soon as one price is unknown: a sum that leaves something out would be too low.
"""

import json
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from agents.llm.prices import price_at
from agents.llm.tokens import about_tokens
from agents.llm.types import Usage
from runs.batches.chosen import Chosen
from runs.batches.snapshots import SubjectSnapshot
from runs.batches.whom import Asked

ANSWER = 400  # tokens that a model writes: about what `runs.estimate` takes for a long message
VERDICT = 400  # for one category
FRAME = 200  # instructions around a task, and around what is judged
MOST_READ = 20_000  # tokens of documentation that are counted: more is cut before it is sent


def estimated_cost(chosen: Chosen) -> Decimal | None:
    """US dollars to six places, of all children together; 0 for demo models."""
    shared = min(about_tokens(chosen.source["docs"]), MOST_READ) if chosen.source else 0
    reads = [_read(subject.snapshot, shared) for subject in chosen.subjects]
    judged = [_judged_by(subject.snapshot) for subject in chosen.subjects]
    rates = [_Cost(target) for target in chosen.targets]
    total = Decimal(0)
    for (subject, target), times in Counter((cell[0], cell[1]) for cell in chosen.cells).items():
        asked = rates[target].of(reads[subject])
        judge = judged[subject]
        verdict = judge.price(chosen, reads[subject]) if judge.name else Decimal(0)
        if asked is None or verdict is None:
            return None
        total += (asked + verdict) * times
    return total.quantize(Decimal("0.000001"))


class _Cost:
    """What one target takes for tasks of some length; each length is priced once."""

    def __init__(self, target: Asked) -> None:
        self._target = target
        self._known: dict[int, Decimal | None] = {}

    def of(self, read: int) -> Decimal | None:
        if read not in self._known:
            self._known[read] = self._price(read)
        return self._known[read]

    def _price(self, read: int) -> Decimal | None:
        if self._target.spec:
            return price_at(self._target.spec, Usage(read, ANSWER))
        harness = self._target.frozen["harness"]
        return Decimal(harness["cost_usd"]) if harness and harness["cost_usd"] is not None else None


def _read(snapshot: SubjectSnapshot, docs: int) -> int:
    """Tokens that a target reads of one subject."""
    if snapshot["source_type"] == "prompts":
        return about_tokens(snapshot["text"])
    definition = snapshot["definition"]
    told = about_tokens(definition["custom_prompt"]) + (
        about_tokens(json.dumps(definition["run_context"])) if definition["run_context"] else 0
    )
    if snapshot["source_type"] == "custom_evals":
        return FRAME + told + about_tokens(snapshot["prompt"])
    operation = snapshot["operation"]
    spelled = about_tokens(operation["description"]) + about_tokens(json.dumps(operation["snapshot"]))
    return FRAME + told + min(spelled, MOST_READ) + (0 if definition["docs_mode"] == "exclude" else docs)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Who judges one subject's answers, "" for nobody, and how much it has to say how often."""

    name: str
    parts: int = 1
    samples: int = 1

    def price(self, chosen: Chosen, read: int) -> Decimal | None:
        one = price_at(chosen.judges[self.name], Usage(FRAME + read + ANSWER, VERDICT * self.parts))
        return None if one is None else one * self.samples


def _judged_by(snapshot: SubjectSnapshot) -> _Judge:
    if snapshot["source_type"] != "prompts" or not snapshot["template"]:
        return _Judge(snapshot["judge_model"])
    template = snapshot["template"]
    return _Judge(snapshot["judge_model"], len(template["categories"]) + 1, template["judge_samples"])
