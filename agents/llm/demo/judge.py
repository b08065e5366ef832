"""demo/judge: fills in any judgement form by measuring the transcript's text, and says in each reasoning what it measured.

It understands nothing. The same transcript gets the same scores, and an instruction inside the transcript has no effect.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.llm.demo import measures, measures_over_time
from agents.llm.demo.measures import Measure
from agents.llm.demo.transcript import Transcript, transcript_in
from agents.llm.errors import PermanentError
from agents.llm.reading import dig
from agents.llm.types import ChatMessage
from agents.llm.wire import Shape

MAX_EVIDENCE = 2
ONLY_JUDGES = "demo/judge can only judge: it fills in `categories` and `feedback` for a transcript and nothing else."

MEASURES: dict[str, Callable[[Transcript], Measure]] = {
    "uptake": measures.uptake,
    "length": measures.length,
    "answered": measures.answered,
    "curiosity": measures.curiosity,
    "variety": measures.variety,
    "care": measures.care,
    "numbers": measures.numbers,
    "modesty": measures.modesty,
    "voice": measures.voice,
    "own_words": measures.own_words,
    "later_use": measures_over_time.later_use,
    "growth": measures_over_time.growth,
    "boundaries": measures_over_time.boundaries,
}

# Which measures, with which weight, speak for a category that has these words in its key, label or instructions.
# Of equals the first one wins: "recall of user facts" is about memory before it is about facts.
TOPICS: tuple[tuple[str, dict[str, float]], ...] = (
    (r"recall|memor|remember", {"later_use": 8, "numbers": 1}),
    (r"learn|adapt|personal|use.of|tailor", {"later_use": 5, "uptake": 3, "curiosity": 1}),
    (r"helpful|useful|task|solv|complet|relevan|answer", {"uptake": 3, "answered": 3, "own_words": 2, "length": 2}),
    (r"accura|honest|truth|fact|correct|halluc|faithful", {"numbers": 4, "modesty": 3, "uptake": 2}),
    (r"coheren|logic|flow|structure|clarity|clear", {"variety": 4, "uptake": 3, "length": 2}),
    (r"consisten|stable|contradict", {"numbers": 3, "voice": 3, "variety": 3}),
    (r"tone|empath|warm|polite|friendl|kind|emotion|support", {"care": 6, "curiosity": 2, "length": 1}),
    (r"persona|fidelity|character|in.role|voice|style", {"voice": 5, "own_words": 3, "variety": 2}),
    (r"rapport|growth|relation|trust|bond|engag", {"growth": 5, "care": 2, "curiosity": 2}),
    (r"boundar|respect|safe|privacy|consent|harm", {"boundaries": 6, "care": 1}),
    (r"concis|brief|length|verbos", {"length": 5, "variety": 2}),
    (r"curio|question|proactiv|initiative", {"curiosity": 5, "own_words": 2}),
)
DEFAULT_MIX = {"uptake": 3.0, "variety": 3.0, "length": 2.0, "care": 2.0}
KEY_HIT, LABEL_HIT, INSTRUCTIONS_HIT = 9, 3, 1


def judge(messages: Sequence[ChatMessage], shape: Shape | None) -> str:
    """The judgement as JSON text. Raises `PermanentError` for any other form, and where there is no transcript."""
    wanted = dig(shape.json_schema if shape else None, "properties", "categories", "properties")
    if not isinstance(wanted, dict) or not all(_is_category(form) for form in wanted.values()):
        raise PermanentError(ONLY_JUDGES)
    transcript = transcript_in("\n".join(message.content for message in messages if message.role == "user"))
    if not transcript.lines:
        raise PermanentError('demo/judge found no transcript in its prompt: it reads lines that begin with {"index":')
    measured = _measure_all(transcript)
    categories = {key: _category(key, form, measured) for key, form in wanted.items()}
    return json.dumps({"categories": categories, "feedback": _feedback(categories, wanted)}, ensure_ascii=False)


def mix_for(key: str, description: str) -> Mapping[str, float]:
    """The weights of the topic that the words of a category speak for most. Its key counts more than its label, that more than the rest."""
    label, _, instructions = description.partition(":")
    scored = [(_hits(pattern, key, label, instructions), mix) for pattern, mix in TOPICS]
    hits, mix = max(scored, key=lambda pair: pair[0])  # the first of equals
    return mix if hits else DEFAULT_MIX


def _hits(pattern: str, key: str, label: str, instructions: str) -> int:
    found = re.compile(pattern, re.IGNORECASE)
    in_key = bool(found.search(key.replace("_", " ")))
    return KEY_HIT * in_key + LABEL_HIT * bool(found.search(label)) + INSTRUCTIONS_HIT * min(2, len(found.findall(instructions)))


def _measure_all(transcript: Transcript) -> dict[str, Measure]:
    if not transcript.replies:
        return {name: Measure(0, "there is no reply of the assistant to measure") for name in MEASURES}
    return {name: measure(transcript) for name, measure in MEASURES.items()}


def _is_category(form: object) -> bool:
    return all(isinstance(dig(form, "properties", name), dict) for name in ("reasoning", "evidence", "score"))


def _category(key: str, form: Mapping[str, Any], measured: Mapping[str, Measure]) -> dict[str, Any]:
    mix = mix_for(key, str(form.get("description", "")))
    score = sum(measured[name].score * weight for name, weight in mix.items()) / sum(mix.values())
    told = dict.fromkeys(f"{measured[name].says} ({measured[name].score:.0f} of 100, weight {weight:g})" for name, weight in mix.items())
    quotes = dict.fromkeys(quote for name in mix for quote in measured[name].evidence if quote[1])
    return {
        "reasoning": f"Measured by the demo judge, not understood: {'; '.join(told)}.",
        "evidence": [{"message_index": index, "quote": quote} for index, quote in list(quotes)[:MAX_EVIDENCE]],
        "score": round(score),
    }


def _feedback(categories: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Any]) -> str:
    start = "Demo scores: text measures for trying things out, not a judgement of quality."
    if not categories:
        return start
    ranked = sorted(categories, key=lambda key: (-categories[key]["score"], key))
    best, worst = (f"{_label(key, wanted)} ({categories[key]['score']})" for key in (ranked[0], ranked[-1]))
    return f"{start} Highest: {best}. Lowest: {worst}."


def _label(key: str, wanted: Mapping[str, Any]) -> str:
    return str(dig(wanted, key, "description") or "").partition(":")[0].strip() or key.replace("_", " ")
