"""What came of a trial, as it is written in the commit that ends its run. Plain data; made by `trials`, written by `writes`."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionRow:
    """A brand in the answer: how often, and its place among the brands by where each stands first, from 1."""

    brand_id: uuid.UUID
    brand: str
    is_own: bool
    count: int
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationRow:
    """A page the answer cites, in the order of the answer, from 1."""

    place: int
    url: str
    domain: str
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The columns of the Trial that say how it ended, and the rows beside it.

    `failure_reasons` are of templates_app.reasons, the weightiest first. `latency_ms` is of the answer; of a REST API it is of the response
    and of programs of the execution, and None where it did not come to that: they are no one figure. `platform`, `topic_id` and `demo`
    (whether a demo model answered) stand in the mentions and citations.

    `details` has, as far as the kind of trial knows it: checks [{key, passed|null, detail, reason}]; request (as it was written); exchange
    (trials.exchange.Exchange.as_json); execution (trials.sandboxed) and sandboxed; mentions [{brand_id, brand, is_own, count, rank,
    places}]; citations [{place, url, domain, is_own}]; and error {code, message} where it was not carried out. No secret is in any of it.
    """

    passed: bool | None = None
    score: float | None = None
    failure_reasons: Sequence[str] = ()
    latency_ms: int | None = None
    tool_calls: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    mentions: Sequence[MentionRow] = ()
    citations: Sequence[CitationRow] = ()
    platform: str = ""
    topic_id: uuid.UUID | None = None
    demo: bool = False

    @property
    def own_mentions(self) -> int:
        return sum(each.count for each in self.mentions if each.is_own)

    @property
    def all_mentions(self) -> int:
        return sum(each.count for each in self.mentions)

    @property
    def own_rank(self) -> int | None:
        return min((each.rank for each in self.mentions if each.is_own), default=None)

    @property
    def first_reason(self) -> str:
        return self.failure_reasons[0] if self.failure_reasons else ""
