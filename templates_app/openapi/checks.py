"""What a check says: which one it was, whether it passed, and why not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from templates_app.reasons import FailureReason

LONGEST_DETAIL = 400  # characters, as it is kept


class StoredCheck(TypedDict):
    """A check as it is kept with a trial."""

    key: str
    passed: bool
    detail: str
    reason: str  # of the closed vocabulary; "" when it passed


@dataclass(frozen=True)
class Check:
    """`key` is one of variables, method, path, query, headers, cookies, security, body, sending, status, content_type, schema.

    `detail` may name what was written or answered, in full: it is masked first and cut then, or half of a secret might stand at the cut.
    """

    key: str
    detail: str
    reason: FailureReason | None = None

    @property
    def passed(self) -> bool:
        return self.reason is None

    def stored(self) -> StoredCheck:
        """To be asked of a check whose detail is masked."""
        return {"key": self.key, "passed": self.passed, "detail": self.detail[:LONGEST_DETAIL], "reason": self.reason or ""}


def reasons_of(checks: Iterable[Check]) -> list[FailureReason]:
    """The reasons of those that failed, each once, in order: the first is what a table shows."""
    return list(dict.fromkeys(check.reason for check in checks if check.reason is not None))


def several(key: str, faults: Iterable[Check], passed: str) -> list[Check]:
    """The faults of one part of a request, or one check that says that it is fine."""
    return list(faults) or [Check(key, passed)]
