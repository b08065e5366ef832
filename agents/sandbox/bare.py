"""A job without a sandbox: its own session, limits, folder and environment, and nothing that keeps it from the machine."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents.sandbox.folder import Kept, kept, written
from agents.sandbox.job import Job
from agents.sandbox.launch import SHELL, Child, program, uninterrupted, unprivileged
from agents.sandbox.watch import Processor, Use, carries, pids_below, threads_of, tree_use, use_of

MARK = "EVALHUB_JOB"  # in the environment of a job; its processes are known by it, whatever session they moved to
PATH = "/usr/local/bin:/usr/bin:/bin"
PROC = "/proc"
SWEEPS = 20
# Ends the session when the worker is gone: it holds the other end of this shell's input.
GUARD = 'read -r word\nkill -s KILL -- "-$1"'


class BareChild(Child):
    def __init__(self, process: subprocess.Popen[bytes], job: Job, folder: Path, mark: str) -> None:
        super().__init__(process, job.limits)
        self._limits = job.limits
        self._processor = Processor()
        self._folder = folder
        self._mark = f"{MARK}={mark}".encode()
        self._proc = os.open(PROC, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if os.path.isdir(PROC) else None
        self._guard = _spawned([SHELL, "-c", GUARD, "sh", str(process.pid)], folder, {}, {})

    def use(self) -> Use:
        disk, inodes = tree_use(str(self._folder))
        if self._proc is None:
            return Use(disk=disk, inodes=inodes)
        found = use_of(self._proc, self._pids(self._proc), self._processor, memory_limit=self._limits.memory_bytes)
        return Use(found.threads, found.memory, found.cpu_s, disk, inodes)

    def _pids(self, proc: int) -> list[str]:
        return pids_below(proc, lambda pid: carries(proc, pid, self._mark))

    def kept(self) -> Kept:
        descriptor = os.open(self._folder / "work", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return kept(descriptor, self._limits)
        finally:
            os.close(descriptor)

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS answers so for a group of zombies
            os.killpg(self._process.pid, signal.SIGKILL)

    async def others_gone(self) -> None:
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        """Kill those that left the session, and what they start meanwhile."""
        for _ in range(SWEEPS if self._proc is not None else 0):
            found = self._pids(self._proc or 0)
            for pid in found:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(int(pid), signal.SIGKILL)
            if not found:
                return

    def release(self) -> None:
        self._guard.kill()
        self._guard.communicate()
        if self._proc is not None:
            os.close(self._proc)
        shutil.rmtree(self._folder, ignore_errors=True)


async def start(job: Job) -> BareChild:
    """The job, ready to go. Raises OSError where not even a shell can be started."""
    process, folder, mark = await uninterrupted(asyncio.to_thread(_prepared, job), _undone)
    child = BareChild(process, job, folder, mark)
    try:
        if not await child.is_ready():
            raise OSError(f"The shell did not start: {child.stderr.text()[-500:]}")
    except BaseException:
        await asyncio.shield(asyncio.ensure_future(child.end()))
        child.release()
        raise
    return child


def _prepared(job: Job) -> tuple[subprocess.Popen[bytes], Path, str]:
    folder, mark = Path(tempfile.mkdtemp(prefix="evalhub-job-")), uuid.uuid4().hex
    user = unprivileged()
    try:
        for name in ("work", "tmp", "home"):
            (folder / name).mkdir()
        written(folder / "work", job.files)
        if user:
            _give_away(folder, user["user"])
        env = _environment(job, folder) | {MARK: mark}
        shell = program(job.argv, job.limits, others=threads_of(PROC, user.get("user", os.geteuid())))
        return _spawned(shell, folder / "work", env, user), folder, mark
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _give_away(folder: Path, user: int) -> None:
    for below, _, names in os.walk(folder):
        for path in (below, *(os.path.join(below, name) for name in names)):
            os.chown(path, user, user, follow_symlinks=False)


def _spawned(argv: list[str], folder: Path, env: dict[str, str], user: dict[str, Any]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - an argument list, no shell
        argv, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, env=env, start_new_session=True, **user
    )


def _environment(job: Job, folder: Path) -> dict[str, str]:
    own = [f"{path}/bin" if Path(path, "bin").is_dir() else path for path in job.read_only]
    fixed = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    return {"PATH": ":".join([*own, PATH]), "LANG": "C.UTF-8", **job.env, **fixed}


async def _undone(started: tuple[subprocess.Popen[bytes], Path, str]) -> None:
    process, folder, _ = started
    process.kill()
    await asyncio.to_thread(process.communicate)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
