"""One flag for a whole worker: send no further request, give the leases back, leave. Set by the worker command, seen by every drain.

django-q2 tells its worker processes nothing on SIGTERM, so the flag lives in shared memory that they inherit by fork (decision 3). It is a
bare byte without a lock: a signal handler may set it whatever it interrupts.
"""

from multiprocessing.sharedctypes import RawValue

_flag = RawValue("b", 0)


def request() -> None:
    """Ask every drain of this process tree to stop."""
    _flag.value = 1


def requested() -> bool:
    return bool(_flag.value)


def reset() -> None:
    """Let drains run again: for tests."""
    _flag.value = 0


class Stopping(Exception):
    """The worker was told to stop, and the run stands where another one can go on: nothing of it is in flight."""


def raise_when_requested() -> None:
    """Before every single request to a model, retries and repairs among them. Raises Stopping."""
    if requested():
        raise Stopping
