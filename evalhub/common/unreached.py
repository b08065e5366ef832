"""Why a connection was not made, for whoever reads errors: the system's words for its number. Those of libraries name calls and tuples."""

import os
import re
from typing import Protocol

_NUMBER = re.compile(r"\[Errno (\d+)\]")


class Unconnected(Protocol):
    """An aiohttp.ClientConnectorError, or its twin in a test."""

    @property
    def os_error(self) -> OSError: ...


def why_unreached(error: Unconnected) -> str:
    """Such as "Connection refused". Where several addresses of a host were tried, the last one's reason."""
    inner = error.os_error
    number = inner.errno or next(iter(map(int, reversed(_NUMBER.findall(str(inner))))), 0)
    return os.strerror(number) if number > 0 else " ".join(str(inner.strerror or inner).split())[:200].rstrip(".")
