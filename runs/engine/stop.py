"""One flag for a whole worker: stop claiming, give the leases back, leave. Set by the worker command, seen by every drain.

django-q2 tells its worker processes nothing on SIGTERM, so the flag lives in shared memory that they inherit by fork (decision 3).
"""

import multiprocessing

_flag = multiprocessing.get_context("fork").Event()


def request() -> None:
    """Ask every drain of this process tree to stop. Safe in a signal handler of the parent."""
    _flag.set()


def requested() -> bool:
    return _flag.is_set()


def reset() -> None:
    """Let drains run again: for tests and for a cluster that is started anew."""
    _flag.clear()
