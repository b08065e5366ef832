"""Keeps the clusters of `evalhub worker` at work (decision 3): starts again what died or does not answer, rings, sweeps, and beats.

One thread, since it forks. It goes by its own monotonic clock, so neither the queue's schedule nor a clock that jumps can stop it.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType

from django.conf import settings
from django.db import Error as DatabaseFailed
from django.db import InterfaceError, connection

from evalhub.accounts.services import idempotency_sweep
from evalhub.cli.cluster import STOP_SIGNALS, Cluster
from evalhub.cli.errors import FAILED, CommandError
from evalhub.cli.supervisor import DEATHS, Deaths, how
from runs.engine import lease, stop, workers
from runs.engine.outage import let_go
from runs.engine.sweep import run_sweep
from runs.models import Worker
from runs.services import ring, ring_if_waiting

logger = logging.getLogger(__name__)
TICK_S = 0.1
LOOK_S = 1.0
ABSENT_S = 5.0
SWEEP_S = 30.0
UNANSWERED_S = 8.0
UNANSWERED_AT_MOST_S = 64.0
WIND_UP_S = 1.5
LAST_WORDS_S = 3.0
GONE_S = 1.0


@dataclass
class Watched:
    """A cluster, its deaths, and since when it leaves a ring unanswered. Each start in vain adds patience: the machine may be slow."""

    cluster: Cluster
    deaths: Deaths = field(default_factory=Deaths)
    deaf_since: float | None = None
    patience: float = UNANSWERED_S
    said: datetime | None = None
    silent_since: float = 0.0

    def heard(self) -> None:
        self.deaf_since, self.patience = None, UNANSWERED_S

    def is_deaf(self, now: float) -> bool:
        """Call it while runs wait and this cluster has no drain at work."""
        self.deaf_since = now if self.deaf_since is None else self.deaf_since
        return now - self.deaf_since > self.patience

    def hangs(self, said: datetime, now: float) -> bool:
        """Whether its drain has long said nothing new. `said` is its last heartbeat, which is only compared with the one before."""
        if said != self.said:
            self.said, self.silent_since = said, now
        return now - self.silent_since > 3 * max(settings.ENV.lease_seconds, workers.BEAT_SECONDS)

    def forget(self) -> None:
        """What was seen says nothing any more: the database was away, or this process was itself."""
        self.deaf_since = self.said = None


class Watchdog:
    """Use `forever`; it returns when somebody asked to stop and everything has ended."""

    def __init__(self, processes: int, say: Callable[[str], None]) -> None:
        self._row = workers.WorkerRow(Worker.Kind.SUPERVISOR)
        self._watched = [Watched(Cluster(self._row.id)) for _ in range(processes)]
        self._say = say
        self._asked = 0
        self._look_at = self._beat_at = self._sweep_at = self._looked_at = time.monotonic()

    def forever(self, when_ready: Callable[[], None]) -> None:
        """Raises CommandError when a cluster cannot be kept alive."""
        for signum in STOP_SIGNALS:
            signal.signal(signum, self._note_signal)
        try:
            self._look(time.monotonic())
            for watched in self._watched:
                watched.cluster.start()
            self._watch(when_ready)
        finally:
            self._leave()

    def _note_signal(self, signum: int, frame: FrameType | None) -> None:
        # Only bytes and numbers: a handler may interrupt any line.
        self._asked += 1
        stop.request()
        if self._asked > 2:  # something holds us up, a database that hangs; everything below ends with us
            os._exit(FAILED)

    def _watch(self, when_ready: Callable[[], None]) -> None:
        told = False
        while not self._asked:
            now = time.monotonic()
            for watched in self._watched:
                self._mend(watched, now)
            if not told and all(watched.cluster.ready for watched in self._watched):
                told = True
                when_ready()
            if now >= self._look_at:
                self._look_at = now + LOOK_S
                self._look(now)
            time.sleep(TICK_S)

    # What died

    def _mend(self, watched: Watched, now: float) -> None:
        if watched.cluster.at_work:
            watched.heard()
        if watched.deaths.restart_at is not None:
            if now >= watched.deaths.restart_at:
                watched.deaths.restart_at = None
                watched.cluster.start()
        elif (code := watched.cluster.exit_code()) is not None:
            self._bury(watched, f"ended ({how(code)})", now, killed=code < 0)

    def _bury(self, watched: Watched, what: str, now: float, *, killed: bool) -> None:
        watched.cluster.kill()
        watched.forget()
        watched.deaths.note(now, killed=killed)
        if watched.deaths.too_many(now):
            raise CommandError(f"The worker's cluster ended by itself {DEATHS} times within a minute; the log above says why.", FAILED)
        self._say(f"A cluster of the worker {what} and is started again.")
        self._look_at = now  # what it held is free at once

    # What the database says

    def _look(self, now: float) -> None:
        if now - self._looked_at > ABSENT_S:
            self._forget()
        self._looked_at = now
        try:
            self._care(now)
            stuck = [*self._ring(now), *self._hanging(now)]
        except (DatabaseFailed, InterfaceError) as error:
            logger.warning("The worker's supervisor cannot use the database (%s); it goes on", str(error).strip())
            let_go()
            self._forget()  # a ring that cannot be written cannot be heard, and a drain cannot beat
            return
        for watched in stuck:
            watched.patience = min(watched.patience * 2, UNANSWERED_AT_MOST_S)
            self._bury(watched, "does not answer", now, killed=True)

    def _care(self, now: float) -> None:
        if now >= self._beat_at:
            self._row.beat()
            self._beat_at = now + workers.BEAT_SECONDS
        workers.bury_dead()
        if now >= self._sweep_at:
            run_sweep()
            idempotency_sweep()
            workers.forget_silent()
            self._sweep_at = now + SWEEP_S

    def _ring(self, now: float) -> list[Watched]:
        """Ring when runs wait and a cluster has no drain at work. Returns the clusters that have not answered for too long."""
        idle = [watched for watched in self._watched if watched.cluster.running and not watched.cluster.at_work]
        if not idle or not lease.something_waits():
            for watched in idle:
                watched.deaf_since = None
            return []
        ring()
        return [watched for watched in idle if watched.is_deaf(now)]

    def _hanging(self, now: float) -> list[Watched]:
        """The clusters whose drain is at work, lives, and has stopped beating though the database takes our own beats."""
        beats = Worker.objects.filter(supervisor=self._row.id).order_by("seen_at").values_list("pid", "seen_at")
        # The latest of a session counts: a drain that could not take its row away left an older one.
        said = {workers.session(pid): seen_at for pid, seen_at in beats}
        at_work = [watched for watched in self._watched if watched.cluster.at_work and watched.cluster.pid in said]
        return [watched for watched in at_work if watched.hangs(said[watched.cluster.pid], now)]

    def _forget(self) -> None:
        for watched in self._watched:
            watched.forget()

    # The end

    def _leave(self) -> None:
        """Turns in work have EVALHUB_STOP_SECONDS to be committed. Then what is left is killed; a second signal kills at once."""
        stop.request()
        for watched in self._watched:
            watched.cluster.ask_to_leave()
        until = time.monotonic() + settings.ENV.stop_seconds + WIND_UP_S
        while any(watched.cluster.running for watched in self._watched) and time.monotonic() < until and self._asked < 2:
            time.sleep(TICK_S / 2)
        for watched in self._watched:
            watched.cluster.kill()
        self._say_goodbye()

    def _say_goodbye(self) -> None:
        """Free what was killed, and wake other workers for what waits. A database that does not answer must not keep us."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, LAST_WORDS_S)
        try:
            self._bury_ours()
            self._row.leave()
            ring_if_waiting()
        except (DatabaseFailed, InterfaceError) as error:
            logger.warning("The worker leaves without a word to the database (%s)", str(error).strip())
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            connection.close()

    def _bury_ours(self) -> None:
        """A process that was killed just now may take a moment to be gone."""
        until = time.monotonic() + GONE_S
        workers.bury_dead()
        while Worker.objects.filter(supervisor=self._row.id).exists() and time.monotonic() < until:
            time.sleep(TICK_S / 2)
            workers.bury_dead()
