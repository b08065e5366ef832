"""What the demo judge measures in the words of a single conversation. Each measure is a function: transcript in, number and reason out.

Measures over time and over sessions are in measures_over_time.py. No measure reads what a text asks for, so "give me 100" is only words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median, pstdev

from agents.llm.demo.transcript import Line, Transcript, quote_from
from agents.llm.demo.words import count_words, stem, stems, words

COMPARED_REPLIES = 12  # keeps repetition linear in the length of a transcript

_CARING = re.compile(
    r"\b(please|thank\w*|welcome|glad|gladly|happy to|sorry|understand\w*|i hear you|appreciate|of course|take care|congratulations|"
    r"sounds (?:hard|tough|like)|makes sense|take your time|no rush|feel free)\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(tired|stress\w*|worried|afraid|sad|lonely|sick|hurt|angry|upset|frustrat\w*|overwhelmed|difficult|hard|hospital)\b", re.IGNORECASE
)
_TOO_SURE = re.compile(
    r"\b(definitely|guaranteed?|100 ?%|always works|never fails|without (?:any )?doubt|obviously|the best in the world)\b", re.IGNORECASE
)
_CAREFUL = re.compile(
    r"\b(might|maybe|perhaps|probably|usually|i think|not sure|as far as i know|depends|you told me|you mentioned)\b", re.IGNORECASE
)
_MACHINE = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b|\bi(?:'m| am) (?:just )?an? (?:ai|language model)\b",
    re.IGNORECASE,
)
_NUMBER_OF = re.compile(r"(?<![\d:.,])(\d+(?:[.,]\d+)?)\s?(%|[^\W\d_]{3,})")


@dataclass(frozen=True, slots=True)
class Measure:
    """A score from 0 to 100, the sentence that explains it, and quotes (message index, verbatim text) that show it."""

    score: float
    says: str
    evidence: tuple[tuple[int, str], ...] = ()


def scaled(value: float, zero: float, full: float) -> float:
    """0 at `zero`, 100 at `full`, straight in between; `zero` may be the larger one."""
    return max(0.0, min(100.0, 100 * (value - zero) / (full - zero)))


def _cautious(good: int, count: int) -> float:
    """Laplace's rule of succession: two of two is no proof of perfection, so it counts 75 and not 100."""
    return 100 * (good + 1) / (count + 2)


def uptake(transcript: Transcript) -> Measure:
    """Share of the user's content words that the reply takes up. Two thirds is full marks: a reply is no echo."""
    pairs = [(asked, reply, stems(asked.content)) for asked, reply in transcript.exchanges]
    used = [(reply, wanted & stems(reply.content)) for _, reply, wanted in pairs]
    total, taken = sum(len(wanted) for *_, wanted in pairs), sum(len(found) for _, found in used)
    if not total:
        return Measure(50, "the user said too little to measure what was taken up")
    best = max(used, key=lambda pair: len(pair[1]))
    evidence = (quote_from(best[0], sorted(best[1])),) if best[1] else ()
    return Measure(scaled(taken / total, 0, 0.66), f"replies take up {taken} of {total} content words of the user", evidence)


def length(transcript: Transcript) -> Measure:
    """Words of the median reply: 15 to 120 is full marks, less and more cost."""
    middle = median(count_words(reply.content) for reply in transcript.replies)
    score = scaled(middle, 0, 15) if middle < 15 else scaled(middle, 400, 120)
    shortest = min(transcript.replies, key=lambda reply: len(reply.content))
    return Measure(score, f"the median reply has {middle:g} words", (quote_from(shortest),))


def answered(transcript: Transcript) -> Measure:
    """Share of the user's questions whose reply is about a word of the question and longer than a shrug."""
    pairs = [pair for pair in transcript.exchanges if "?" in pair[0].content]
    if not pairs:
        return Measure(60, "the user asked no question")
    good = [pair for pair in pairs if stems(pair[0].content) & stems(pair[1].content) and count_words(pair[1].content) >= 8]
    shown = (good or pairs)[0]
    says = f"{len(good)} of {len(pairs)} questions of the user are met with an answer on their subject"
    return Measure(_cautious(len(good), len(pairs)), says, (quote_from(shown[1], sorted(stems(shown[0].content))),))


def curiosity(transcript: Transcript) -> Measure:
    """Share of replies that ask back: between a fifth and two thirds is full marks, none is indifference, all is an interview."""
    asking = [reply for reply in transcript.replies if "?" in reply.content]
    rate = len(asking) / len(transcript.replies)
    score = scaled(rate, -0.1, 0.2) if rate < 0.2 else scaled(rate, 1.4, 0.66)
    return Measure(
        score, f"{len(asking)} of {len(transcript.replies)} replies ask something", tuple(quote_from(reply) for reply in asking[:1])
    )


def variety(transcript: Transcript) -> Measure:
    """One minus how much each reply repeats an earlier one, in word triples."""
    triples = [_triples(reply.content) for reply in transcript.replies]
    overlaps = [_most_shared(triples[at], triples[max(0, at - COMPARED_REPLIES) : at]) for at in range(1, len(triples))]
    if not overlaps:
        return Measure(60, "one reply cannot repeat another")
    worst = overlaps.index(max(overlaps)) + 1
    says = f"a reply repeats {mean(overlaps):.0%} of an earlier one on average"
    return Measure(scaled(mean(overlaps), 0.7, 0.0), says, (quote_from(transcript.replies[worst]),))


def care(transcript: Transcript) -> Measure:
    """Polite and caring words, above all right after the user told of trouble."""
    caring = [reply for reply in transcript.replies if _CARING.search(reply.content)]
    share = len(caring) / len(transcript.replies)
    trouble = [reply for asked, reply in transcript.exchanges if _TROUBLE.search(asked.content)]
    met = [reply for reply in trouble if _CARING.search(reply.content)]
    score = scaled(share, 0, 0.5)
    says = f"{len(caring)} of {len(transcript.replies)} replies have polite or caring words"
    if trouble:
        score = 0.4 * score + 60 * len(met) / len(trouble)
        says += f", {len(met)} of {len(trouble)} where the user told of trouble"
    return Measure(score, says, tuple(quote_from(reply) for reply in (met or caring)[:1]))


def numbers(transcript: Transcript) -> Measure:
    """Numbers of the replies held against what user and tools said of the same thing ("2 hotplates")."""
    known: dict[str, set[str]] = {}
    checked, wrong = 0, []
    for line in transcript.lines:
        for figure, thing in _numbers_of(line):
            if line.role != "assistant":
                known.setdefault(thing, set()).add(figure)
            elif thing in known:
                checked += 1
                wrong += [] if figure in known[thing] else [(line, f"{figure} {thing}")]
    if not checked:
        return Measure(65, "no number in the replies can be checked against the user or a tool")
    evidence = tuple(quote_from(line, [thing.split()[-1]]) for line, thing in wrong[:1])
    return Measure(
        _cautious(checked - len(wrong), checked), f"{len(wrong)} of {checked} numbers differ from what user or tools said", evidence
    )


def modesty(transcript: Transcript) -> Measure:
    """Claims that are too sure cost, careful wording earns. Counted by reply, so that a pile of them counts once."""
    sure = [reply for reply in transcript.replies if _TOO_SURE.search(reply.content)]
    careful = [reply for reply in transcript.replies if _CAREFUL.search(reply.content)]
    count = len(transcript.replies)
    score = 50 + 40 * len(careful) / count - 100 * len(sure) / count
    says = f"{len(sure)} replies claim too much and {len(careful)} of {count} are worded carefully"
    return Measure(max(0.0, min(100.0, score)), says, tuple(quote_from(reply) for reply in (sure or careful)[:1]))


def voice(transcript: Transcript) -> Measure:
    """Staying somebody: no "as an AI", and replies of a steady length."""
    broken = [reply for reply in transcript.replies if _MACHINE.search(reply.content)]
    sizes = [count_words(reply.content) for reply in transcript.replies]
    spread = pstdev(sizes) / mean(sizes) if mean(sizes) else 0.0
    score = max(0.0, scaled(spread, 1.5, 0.15) - 100 * len(broken) / len(sizes))
    shown = (broken or transcript.replies)[0]
    return Measure(score, f"{len(broken)} replies step out of the role, and reply lengths vary by {spread:.0%}", (quote_from(shown),))


def own_words(transcript: Transcript) -> Measure:
    """Content words per reply that are the agent's own: what it adds beyond an echo of the user."""
    asked: frozenset[str] = frozenset().union(*(stems(line.content) for line in transcript.asked))
    added = [stems(reply.content) - asked for reply in transcript.replies]
    rate = mean(map(len, added))
    richest = max(range(len(added)), key=lambda at: len(added[at]))
    quote = quote_from(transcript.replies[richest], sorted(added[richest]))
    return Measure(scaled(rate, 0, 12), f"replies bring in {rate:.1f} content words of their own each", (quote,))


def _triples(text: str) -> frozenset[tuple[str, ...]]:
    said = words(text)
    return frozenset(zip(said, said[1:], said[2:], strict=False)) or frozenset([tuple(said)])


def _most_shared(these: frozenset[tuple[str, ...]], earlier: Iterable[frozenset[tuple[str, ...]]]) -> float:
    return max((len(these & others) / max(1, len(these)) for others in earlier), default=0.0)


def _numbers_of(line: Line) -> Sequence[tuple[str, str]]:
    return [(figure.replace(",", "."), stem(thing.lower())) for figure, thing in _NUMBER_OF.findall(line.content)]
