"""Why a model did not answer: one tree, split by the only question the caller has - is it worth asking again?

`message` is written for the person who reads a run's error_reason.
"""

from agents.llm.quoting import storable
from agents.llm.types import CallRecord, Usage


class LLMError(Exception):
    """No usable answer. `calls` are the requests nobody was given yet; `code` is a short stable word for filters.

    `usage` is what the server counted for an answer that it gave and we refuse.
    """

    code = "model_error"

    def __init__(self, message: str, *, calls: tuple[CallRecord, ...] = ()) -> None:
        self.message = storable(message)  # it may quote a key or a word of the answer
        super().__init__(self.message)
        self.calls = calls
        self.usage = Usage()


class RetryableError(LLMError):
    """429, 5xx, time-out, cut connection, cut JSON, empty answer.

    `retry_after` is the server's own wish in seconds; `is_last` ends the tries before `ModelSpec.max_attempts` does.
    """

    code = "model_unavailable"

    def __init__(
        self, message: str, *, calls: tuple[CallRecord, ...] = (), retry_after: float | None = None, is_last: bool = False
    ) -> None:
        super().__init__(message, calls=calls)
        self.retry_after = retry_after
        self.is_last = is_last


class RateLimited(RetryableError):
    """429: the server takes no more at the moment. What a provider's shared ceiling is learnt from."""


class PermanentError(LLMError):
    """Asking again cannot help: wrong key, unknown model, an answer that is not the protocol's."""

    code = "model_refused"


class SpendingStopped(PermanentError):
    """The request was not sent: it might have cost more than may be spent. `code` says whose limit that is."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class InvalidAnswer(PermanentError):
    """The model answered, but not in the schema, and a repair did not help.

    `data` is the last answer that was JSON at all (else None) and `text` the last raw answer, so that a caller can keep what is usable.
    """

    code = "invalid_answer"

    def __init__(self, message: str, *, calls: tuple[CallRecord, ...] = (), data: object = None, text: str = "") -> None:
        super().__init__(message, calls=calls)
        self.data = data
        self.text = text
