"""One django-q2 cluster with one worker process, as a child of `evalhub worker`. Only the watchdog starts and ends it.

The child is the cluster's sentinel itself, in a session of its own; below it are the worker process, the pusher and the monitor. Several
worker processes are several such clusters, so what happens to one costs the others nothing.
"""

import contextlib
import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawValue
from typing import Any

from django.db import connections
from django_q.cluster import Sentinel

from runs.engine import presence

POLL_S = 0.1
STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Sign:
    """An Event of one byte in shared memory. multiprocessing's has a lock, which a process that is killed may take with it."""

    def __init__(self) -> None:
        self._byte = RawValue("b", 0)

    def set(self) -> None:
        self._byte.value = 1

    def is_set(self) -> bool:
        return bool(self._byte.value)


class LeaveSign(Sign):
    """The sentinel's sign to leave; it waits for it between two looks at its processes, and `look` is ours."""

    look: Callable[[], None] = staticmethod(lambda: None)

    def wait(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not self.is_set() and time.monotonic() < until:
            self.look()
            time.sleep(POLL_S)
        return self.is_set()


class Guard(Sentinel):  # type: ignore[misc]  # django-q2 has no types
    """django-q2's sentinel, but for a process that was killed: it may hold a lock of the queue for good, so the cluster ends instead.

    A worker process that dies takes everything with it. For the others it is put off while a drain is at work, whose calls are paid for.
    """

    def __init__(self, leave: LeaveSign, ready: Sign, at_work: Any, supervisor: int) -> None:
        super().__init__(leave, ready, uuid.uuid4(), start=False)
        self._at_work = at_work
        self._supervisor = supervisor
        self._hurt = False
        leave.look = self._look

    def reincarnate(self, process: BaseProcess) -> None:
        if process.exitcode == 0:  # it left in order: the pusher does when the database was away
            super().reincarnate(process)
        elif process in self.pool:
            _end_session()
        else:
            super().reincarnate(process)
            self._hurt = True

    def _look(self) -> None:
        if os.getppid() != self._supervisor or (self._hurt and not self._at_work.value):
            _end_session()


def _end_session() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _serve(leave: LeaveSign, ready: Sign, at_work: Any, supervisor: int) -> None:
    os.setsid()
    guard = Guard(leave, ready, at_work, supervisor)
    for signum in STOP_SIGNALS:  # over those the sentinel just set: whoever signals a whole tree must not cut the drain below
        signal.signal(signum, signal.SIG_IGN)
    guard.start()


class Cluster:
    """The child process. `at_work` says whether its drain is; `kill` leaves nothing of it."""

    def __init__(self, supervisor: uuid.UUID) -> None:
        self._supervisor = supervisor
        self._process: Any = None
        self._leave, self._ready, self._sign = LeaveSign(), Sign(), None

    def start(self) -> None:
        connections.close_all()  # a connection that two processes share after a fork is broken in both
        self._leave, self._ready, self._sign = LeaveSign(), Sign(), presence.prepare(self._supervisor)
        given = [self._leave, self._ready, self._sign, os.getpid()]
        self._process = multiprocessing.get_context("fork").Process(target=_serve, args=given, name="cluster")
        self._process.start()

    @property
    def pid(self) -> int | None:
        """Its number, which is also its session's."""
        return self._process.pid if self._process else None

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    @property
    def at_work(self) -> bool:
        return bool(self._sign and self._sign.value)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def exit_code(self) -> int | None:
        """None while it runs, and when it was not started or is killed; negative when a signal ended it."""
        return self._process.exitcode if self._process else None

    def ask_to_leave(self) -> None:
        self._leave.set()

    def kill(self) -> None:
        """End the whole session, and reap it."""
        if not self._process:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()  # one that was just forked has no session yet
        self._process.join()
        self._process.close()
        self._process = None
