"""What somebody has to know about a model before it can be asked: names, address, secret, patience.

Leaf beside types.py. Built by `agents.clients` and the command line, read by the wires; imported through `agents.llm.registry`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol


class RawAnswer(Protocol):
    """A response read to its end (`http.Answer`)."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def text(self) -> str: ...


OnAnswer = Callable[[RawAnswer], None]


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """What somebody says a model costs, in US dollars a million tokens. Without a price of their own, cached tokens cost what others do."""

    input_usd: Decimal
    output_usd: Decimal
    cached_input_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model at one address. Secrets stay out of `repr`, so a spec may be logged.

    `load_key` names what it shares limits with (`agents.limits.keys`), "" for nothing.
    `max_attempts` counts requests that failed, so 1 never retries; refusals (429) only count once they have taken `patience_s` in all.
    `own_price` goes before every price list. `answer_delay_s` only means something to the demo models. `on_answer` is shown every answer of
    the server as it came.
    """

    provider: str
    model: str
    kind: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    timeout_s: float = 120.0
    max_attempts: int = 8
    patience_s: float = 180.0
    reply_path: str = ""
    retry_base_s: float = 0.5
    retry_cap_s: float = 30.0
    answer_delay_s: float = 0.0
    load_key: str = ""
    on_answer: OnAnswer | None = field(default=None, repr=False, compare=False)
    own_price: OwnPrice | None = None

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class RetryNotice:
    """Told before a wait, so that a page can say why nothing happens. `attempt` is the one that just failed."""

    model: str
    attempt: int
    max_attempts: int
    wait_s: float
    message: str


OnRetry = Callable[[RetryNotice], Awaitable[None]]
MayAsk = Callable[[], Awaitable[None]]  # raises when no request may begin any more
