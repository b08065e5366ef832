"""The first program of every job: a few lines of shell that set the limits, say "ready", wait for the word, and become the job.

While it waits, the worker takes hold of the work folder and of the processes' /proc from outside; nothing of the job has run yet.
"""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import IO, Any, TypeVar, cast

from agents.sandbox.capture import Capture, Feed
from agents.sandbox.folder import Kept
from agents.sandbox.job import Limits
from agents.sandbox.watch import Use

READY = b"ready"
SHELL = "/bin/sh"
OPEN_FILES = 1024
START_SECONDS = 30.0  # a machine that is very busy still starts a shell in that time
END_SECONDS = 5.0
# Whom a worker that runs as root becomes before anything else: root has no limit of processes, and files of its own
# everywhere. The number lies in a range that Debian keeps free; nothing needs a name for it.
UID_FOR_ROOT = 40961
SPARE_THREADS = 16  # above the limit, so that the watcher sees it passed

Result = TypeVar("Result")


def program(argv: Sequence[str], limits: Limits, *, others: int | None, before: str = "") -> list[str]:
    """The shell that becomes `argv`. `before` are commands to run first.

    `others` are the threads that its user has already, which the system counts too; None where that is not known.
    """
    most = limits.processes + SPARE_THREADS + (others or 0)
    lines = [
        "set -e",
        "umask 022",
        before,
        "echo 500 2>/dev/null >/proc/self/oom_score_adj || :",  # should the machine run out of memory, better this than the worker
        "ulimit -c 0",
        f"ulimit -S -t {limits.cpu_s + 1}",
        f"ulimit -H -t {limits.cpu_s + 3}",
        f"ulimit -f {-(-limits.disk_bytes // 512)}",
        f"ulimit -d {2 * limits.memory_bytes // 1024} 2>/dev/null || :",  # macOS has none
        f"ulimit -n {OPEN_FILES} 2>/dev/null || :",  # the machine's own limit may be lower
        f"ulimit -u {most} 2>/dev/null || ulimit -p {most}" if others is not None else "",  # bash and dash have different letters for it
        "unset PWD OLDPWD",
        f"echo {READY.decode()}",
        "read -r word",
        "unset word",
        'exec "$@"',
    ]
    return [SHELL, "-c", "\n".join(filter(None, lines)), "sh", *argv]


def unprivileged() -> dict[str, Any]:
    """Arguments of Popen that give root away; none for who is not root."""
    return {"user": UID_FOR_ROOT, "group": UID_FOR_ROOT, "extra_groups": []} if os.geteuid() == 0 else {}


class Child:
    """A started program: its pipes on the loop, its end as something to wait for. Subclasses know what else belongs to it."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        self._process = process
        self._stdin = Feed(cast(IO[bytes], process.stdin))
        self.stdout = Capture(cast(IO[bytes], process.stdout), limits.output_bytes, heading=len(READY) + 1)
        self.stderr = Capture(cast(IO[bytes], process.stderr), limits.output_bytes)

    async def is_ready(self) -> bool:
        """Whether everything before the job itself went well."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                return await self.stdout.line() == READY
        return False

    def go(self, given: bytes) -> None:
        """Let the job begin, with this on its standard input."""
        self._stdin.give(b"go\n" + given)

    async def exited(self) -> int:
        """The exit code, or a signal as a negative number."""
        if self._process.poll() is None and hasattr(os, "pidfd_open"):
            pidfd = os.pidfd_open(self._process.pid)  # not reaped yet, so the number is still its own
            try:
                await has_ended(pidfd)
            finally:
                os.close(pidfd)
        return await asyncio.to_thread(self._process.wait)

    def use(self) -> Use:
        """What the job uses now. Blocking."""
        raise NotImplementedError

    def kept(self) -> Kept:
        """What lies in the work folder; to be asked after `end`. Blocking."""
        raise NotImplementedError

    async def before_kill(self) -> None:
        """Wait for what must be known first."""

    def kill(self) -> None:
        """Send the signal that ends all that belongs to the job."""
        raise NotImplementedError

    async def others_gone(self) -> None:
        """Wait for those that the first program left behind."""
        raise NotImplementedError

    def release(self) -> None:
        """Give back what was held for the job. Blocking."""
        raise NotImplementedError

    async def end(self) -> None:
        """Kill, and wait until all are gone. What they printed may still be read."""
        await self.before_kill()
        self.kill()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.exited()
        except TimeoutError:
            self._process.kill()
            await self.exited()
        await self.others_gone()
        await asyncio.wait({self.stdout.ended, self.stderr.ended}, timeout=END_SECONDS)
        self.stdout.close()
        self.stderr.close()
        self._stdin.close()


async def has_ended(pidfd: int) -> None:
    """Returns once the process behind a descriptor has ended."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    loop.add_reader(pidfd, _resolve, ended)
    try:
        await ended
    finally:
        loop.remove_reader(pidfd)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def uninterrupted(work: Awaitable[Result], undo: Callable[[Result], Awaitable[None]] | None = None) -> Result:
    """What `work` returns. A task that is cancelled meanwhile waits for it and undoes it first: a started program is never forgotten."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if undo and not task.cancelled() and not task.exception():
            await undo(task.result())
        raise
