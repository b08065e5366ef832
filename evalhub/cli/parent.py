"""Ties the life of a process to the one that started it, so that kill -9 of `evalhub up` leaves nothing behind (decision 3).

Linux only: prctl(PR_SET_PDEATHSIG). Elsewhere these do nothing, and only an orderly end takes the children along.
"""

import ctypes
import os
import signal
import sys

from evalhub.cli.errors import CommandError

PR_SET_PDEATHSIG = 1
SUPERVISOR_PID = "EVALHUB_SUPERVISOR_PID"


def require_fork() -> None:
    """Raises CommandError on Windows, where django-q2's workers cannot be made."""
    if not hasattr(os, "fork"):
        raise CommandError("The worker needs fork(): run EvalHub on Linux or macOS, or on Windows inside WSL.")


def die_with(parent_pid: int, signum: signal.Signals) -> None:
    """Get `signum` when the parent ends, however it ends. A parent that is already gone counts as ending now."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != parent_pid:  # it ended before prctl, so the signal will never come
        os.kill(os.getpid(), signum)


def die_with_supervisor() -> None:
    """For a child of `evalhub up`: SIGTERM, since an orderly end gives leases back and is bounded in time. Alone it does nothing."""
    pid = os.environ.pop(SUPERVISOR_PID, "")
    if pid:
        die_with(int(pid), signal.SIGTERM)


def forks_die_with_this() -> None:
    """From now on every forked process is killed when its own parent ends: django-q2's sentinel with us, its workers with the sentinel."""
    known = {"parent": os.getpid()}
    os.register_at_fork(
        before=lambda: known.update(parent=os.getpid()),
        after_in_child=lambda: die_with(known["parent"], signal.SIGKILL),
    )
