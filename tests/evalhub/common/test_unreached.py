"""Why a connection was not made."""

from dataclasses import dataclass

import pytest

from evalhub.common.unreached import why_unreached


@dataclass
class Failed:
    os_error: OSError


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(111, "Connect call failed ('127.0.0.1', 9)"), "Connection refused"),
        (OSError("Multiple exceptions: [Errno 101] Connect call failed ('::1', 9), [Errno 111] Connect call failed"), "Connection refused"),
        (OSError(-2, "Name or service not known"), "Name or service not known"),
        (OSError("It broke.\nBadly."), "It broke. Badly"),
    ],
)
def test_it_speaks_of_the_reason_and_not_of_calls(error: OSError, why: str) -> None:
    assert why_unreached(Failed(error)) == why
