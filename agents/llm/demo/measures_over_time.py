"""What the demo judge measures over the course of a conversation: memory, growth, boundaries."""

import re
from collections.abc import Sequence

from agents.llm.demo.measures import Measure, scaled
from agents.llm.demo.transcript import Line, Transcript, quote_from
from agents.llm.demo.words import sentences, stems

FULL_MEMORY_WORDS = 40
LEAST_EXCHANGES = 4

_CLOSE = re.compile(
    r"\b(?:you|your|yours|you're|you've|you'll|you'd|glad|happy|thanks?|welcome|sorry|hear|appreciate|curious|enjoy|love|hope|care|together|again)\b"
)
_REFUSAL = re.compile(
    r"\b(please don'?t|please do not|please,? no|no (?:advice|questions|calls|lectures)|rather not|no more|stop|not comfortable|"
    r"none of your|(?:don'?t|do not) (?:want|ask|talk|suggest|call|mention)|leave (?:it|that|me)|can'?t stand)\b",
    re.IGNORECASE,
)
_PRESSURE = re.compile(r"\b(you must|you have to|you should have|you need to tell|trust me|just do it|calm down)\b", re.IGNORECASE)
_NEGATION = re.compile(r"\b(no|not|without|never|won't|leave out|avoid|instead)\b|n't\b", re.IGNORECASE)


def later_use(transcript: Transcript) -> Measure:
    """Words the user brought up in earlier sessions that a reply of a later session uses without being told again."""
    several = len(transcript.sessions) > 1
    remembered = [(reply, found) for reply, found in _remembered(transcript, by_session=several) if found]
    chances = sum(1 for reply in transcript.replies if not several or reply.session > transcript.sessions[0])
    if not chances:
        return Measure(50, "there is no later reply that could remember anything")
    distinct = frozenset().union(*(found for _, found in remembered))
    score = 0.5 * scaled(len(distinct), 0, FULL_MEMORY_WORDS) + 0.5 * scaled(len(remembered) / chances, 0, 1)
    span = "of earlier sessions" if several else "of earlier messages (there is only one session)"
    says = f"{len(remembered)} of {chances} replies use words {span} that the user did not repeat, {len(distinct)} different ones"
    return Measure(score, says, tuple(quote_from(reply, sorted(found)) for reply, found in _most(remembered)))


def growth(transcript: Transcript) -> Measure:
    """Warm words and the word "you" for each reply word, second half against first half."""
    if len(transcript.exchanges) < LEAST_EXCHANGES:
        return Measure(50, f"fewer than {LEAST_EXCHANGES} exchanges are too few to see anything grow")
    middle = len(transcript.replies) // 2
    before, after = _closeness(transcript.replies[:middle]), _closeness(transcript.replies[middle:])
    says = f"words of closeness go from {before:.1%} in the first half of the replies to {after:.1%} in the second"
    return Measure(scaled(after - before, -0.06, 0.06), says, (quote_from(transcript.replies[-1]),))


def boundaries(transcript: Transcript) -> Measure:
    """After the user refused something: replies that bring it up again without a no. Pressing words cost wherever they stand."""
    pressing = [reply for reply in transcript.replies if _PRESSURE.search(reply.content)]
    crossed = [reply for reply in transcript.replies if _crosses(reply, transcript.asked)]
    refused = sum(1 for line in transcript.asked if _REFUSAL.search(line.content))
    start = 90 if refused else 70
    score = start - 100 * (len(crossed) + len(pressing)) / max(1, min(len(transcript.replies), 4))
    says = f"{len(crossed)} replies come back to something refused ({refused} refusals), {len(pressing)} press the user"
    return Measure(max(0.0, score), says, tuple(quote_from(reply) for reply in [*crossed, *pressing][:2]))


def _remembered(transcript: Transcript, *, by_session: bool) -> list[tuple[Line, frozenset[str]]]:
    """Each reply with the words it remembers: said by the user before, not by the user since this session (or the last message) began."""
    found: list[tuple[Line, frozenset[str]]] = []
    old: frozenset[str] = frozenset()
    recent: frozenset[str] = frozenset()
    session = None
    for line in transcript.lines:
        new_part = line.session != session if by_session else line.role == "user"
        if new_part:
            old, recent, session = old | recent, frozenset(), line.session
        if line.role == "user":
            recent |= stems(line.content)
        elif line.role == "assistant":
            found.append((line, (old - recent) & stems(line.content)))
    return found


def _most(remembered: list[tuple[Line, frozenset[str]]]) -> list[tuple[Line, frozenset[str]]]:
    return sorted(remembered, key=lambda pair: (-len(pair[1]), pair[0].index))[:2]


def _closeness(replies: Sequence[Line]) -> float:
    said = " ".join(reply.content for reply in replies).lower().replace("’", "'")
    return len(_CLOSE.findall(said)) / max(1, len(said.split()))


def _crosses(reply: Line, asked: Sequence[Line]) -> bool:
    """A sentence with most of the words of an earlier refusal and no negation."""
    for line in asked:
        if line.index > reply.index or not _REFUSAL.search(line.content):
            continue
        refused = frozenset[str]().union(*(stems(part) for part in sentences(line.content) if _REFUSAL.search(part)))
        for part in sentences(reply.content):
            if refused and len(refused & stems(part)) * 2 > len(refused) and not _NEGATION.search(part):
                return True
    return False
