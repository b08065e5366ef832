"""From session to session: what the transcript itself tells of how the conversations changed, beside an adaptation score. For `parts`.

The judge scores the whole conversation once, so no session has a score. What is shown is counted, and says where its evidence stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runs.live.conversation import session_gap, session_name
from runs.live.scorecard import Scorecard
from runs.models import EvalRun
from runs.reading import Span


@dataclass(frozen=True, slots=True)
class Measure:
    """A number and its part of the largest one in its column, 0 to 100. `value` is None where nobody spoke."""

    value: int | None
    part: float


@dataclass(frozen=True, slots=True)
class Change:
    """One session: turns of the user, mean length of what each side wrote, and how many quotes of the judge stand in it."""

    name: str
    first: int
    gap: str
    turns: Measure
    user_length: Measure
    agent_length: Measure
    cited: Measure


def changes(run: EvalRun, spans: Sequence[Span], card: Scorecard | None) -> list[Change]:
    """A row a session; none where there is only one, or no adaptation to be judged."""
    if len(spans) < 2 or card is None or card.state == "none":
        return []
    quoted = [item.index for row in card.rows for item in row.evidence if item.found]
    turns = _column([span.user_messages for span in spans])
    user = _column([_mean(span.user_characters, span.user_messages) for span in spans])
    agent = _column([_mean(span.agent_characters, span.agent_messages) for span in spans])
    cited = _column([sum(span.holds(index) for index in quoted) for span in spans])
    return [
        Change(session_name(run, span.session), span.first, session_gap(run, span.session), *measures)
        for span, *measures in zip(spans, turns, user, agent, cited, strict=True)
    ]


def _mean(total: int, count: int) -> int | None:
    return round(total / count) if count else None


def _column(values: Sequence[int | None]) -> list[Measure]:
    largest = max((value for value in values if value), default=0)
    return [Measure(value, round(100 * value / largest, 1) if value and largest else 0.0) for value in values]
