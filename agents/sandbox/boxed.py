"""A job in a sandbox of bubblewrap: started, held from outside, ended whole."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from agents.sandbox import confine
from agents.sandbox.confine import ARCHIVE, HOME, PROXY_FOLDER, SHIM, TEMP, WORK, WRITABLE
from agents.sandbox.folder import Kept, kept
from agents.sandbox.job import Job, SandboxMissing
from agents.sandbox.launch import START_SECONDS, Child, has_ended, program, uninterrupted, unprivileged
from agents.sandbox.watch import Processor, Use, disk_use, pids_below, use_of

PROXY_PORT = 3128
PATH = ("/usr/local/bin", "/usr/bin", "/bin")
PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3")
# What is done before the job and its limits begin is no matter of the variables that a profile brings: tar alone would run
# programs by TAR_OPTIONS. The three are emptied for env itself.
OURS = "LD_PRELOAD= LD_LIBRARY_PATH= LD_AUDIT= /usr/bin/env -i PATH=/usr/bin:/bin"
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


class BoxedChild(Child):
    """`hold` must be called once it is ready and before `go`."""

    def __init__(self, process: subprocess.Popen[bytes], job: Job, status: int) -> None:
        super().__init__(process, job.limits)
        self._limits = job.limits
        self._processor = Processor()
        self._status = status
        self._held = ExitStack()
        self._init: int | None = None

    def hold(self) -> None:
        """Take hold of the inside by the namespace's first process. Blocking. Raises SandboxMissing where the system refuses that."""
        try:
            pid = self._found_init()
            root = self._opened(f"/proc/{pid}/root")
            self._work, self._proc, *self._disks = (self._inside(root, path) for path in (WORK, "/proc", *WRITABLE))
        except (OSError, EOFError, ValueError, KeyError) as error:
            raise SandboxMissing(f"The sandbox cannot be watched from outside ({error}).") from error

    def _found_init(self) -> int:
        """The first process inside, as soon as bubblewrap says it. Raises OSError, EOFError, ValueError or KeyError where there is none."""
        said, until = b"", time.monotonic() + START_SECONDS
        while b"\n" not in said:  # it writes the line in pieces
            if not select.select([self._status], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError("bubblewrap says nothing")
            piece = os.read(self._status, 4096)
            if not piece:
                raise EOFError("bubblewrap ended at its start")
            said += piece
        pid: int = json.loads(said.partition(b"\n")[0])["child-pid"]
        self._init = os.pidfd_open(pid)
        self._held.callback(os.close, self._init)
        return pid

    def _inside(self, root: int, path: str) -> int:
        """A folder below the sandbox's root, step by step: a link on the way would be followed out here, not in there."""
        for name in path.strip("/").split("/"):
            root = self._opened(name, os.O_NOFOLLOW, root)
        return root

    def _opened(self, path: str, flags: int = 0, folder: int | None = None) -> int:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | flags, dir_fd=folder)
        self._held.callback(os.close, descriptor)
        return descriptor

    def use(self) -> Use:
        found = use_of(self._proc, pids_below(self._proc), self._processor, memory_limit=self._limits.memory_bytes)
        disk, inodes = disk_use(self._disks)
        return Use(found.threads - 1, found.memory, found.cpu_s, disk, inodes)  # bubblewrap's own process is not the job's

    def kept(self) -> Kept:
        return kept(self._work, self._limits)

    async def before_kill(self) -> None:
        """Killed in its first millisecond, bubblewrap would leave behind what it has just started and not yet tied to itself."""
        if self._init is None:
            with suppress(OSError, EOFError, ValueError, KeyError):
                await asyncio.to_thread(self._found_init)

    def kill(self) -> None:
        """The first process of a process namespace takes all others along, and bubblewrap outside ends when it has collected it."""
        if self._init is None:
            self._process.kill()
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._init, signal.SIGKILL)

    async def others_gone(self) -> None:
        """That first process is gone only after all others are."""
        if self._init is not None:
            await has_ended(self._init)

    def release(self) -> None:
        self._held.close()
        os.close(self._status)


async def start(job: Job, *, bwrap: str, proxy: str) -> BoxedChild:
    """The job, ready to go. `proxy` is the folder of its proxy's socket, or empty. Raises SandboxMissing with what bubblewrap says."""
    # The thread that starts bubblewrap must outlive it: --die-with-parent looks at the thread. Those of the loop's own pool do.
    process, status = await uninterrupted(asyncio.to_thread(_spawned, job, bwrap, proxy), lambda started: _undone(job, *started))
    child = BoxedChild(process, job, status)
    try:
        if not await child.is_ready():
            await child.end()
            raise SandboxMissing(f"bubblewrap could not start the sandbox: {child.stderr.text().strip()[-500:] or 'it said nothing'}.")
        await uninterrupted(asyncio.to_thread(child.hold))
    except BaseException:
        await asyncio.shield(asyncio.ensure_future(child.end()))
        child.release()
        raise
    return child


def _spawned(job: Job, bwrap: str, proxy: str) -> tuple[subprocess.Popen[bytes], int]:
    """bubblewrap on its way, and the descriptor it tells its state on."""
    before = f"{OURS} tar -xf {ARCHIVE}\n{OURS} rm {ARCHIVE}"
    if proxy:
        before += f"\n{OURS} {_python()} -I -S {SHIM} {PROXY_PORT} {PROXY_FOLDER}/socket"
    shell = program(job.argv, job.limits, others=0, before=before)
    with ExitStack() as held, ExitStack() as at_failure:
        status, inside = os.pipe()
        held.callback(os.close, inside)
        at_failure.callback(os.close, status)
        env = environment(job, proxied=bool(proxy))
        command = confine.confined(shell, job, env, bwrap=bwrap, proxy=proxy, status=inside, held=held)
        process = _begun(command)
        at_failure.pop_all()
        return process, status


def _begun(command: confine.Command) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    try:
        return subprocess.Popen(  # noqa: S603 - an argument list, no shell
            command.argv, stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=command.descriptors, cwd="/", env=env, **unprivileged()
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxMissing(f"bubblewrap could not be started ({error}).") from error


async def _undone(job: Job, process: subprocess.Popen[bytes], status: int) -> None:
    child = BoxedChild(process, job, status)
    await child.end()
    child.release()


def environment(job: Job, *, proxied: bool) -> dict[str, str]:
    """All that the job sees. The profile may say another PATH and LANG."""
    own = [f"{path}/bin" if Path(path, "bin").is_dir() else path for path in job.read_only]
    fixed = {"HOME": HOME, "TMPDIR": TEMP}
    if proxied:
        fixed |= dict.fromkeys(PROXY_VARIABLES, f"http://127.0.0.1:{PROXY_PORT}") | dict.fromkeys(
            ("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"
        )
    return {"PATH": ":".join([*own, *PATH]), "LANG": "C.UTF-8", **job.env, **fixed}


def _python() -> str:
    """An interpreter that the sandbox has too. Raises SandboxMissing."""
    for path in (*PYTHONS, os.path.realpath(sys.executable)):
        if path.startswith("/usr/") and os.path.exists(path):
            return path
    raise SandboxMissing("A sandbox with access to named hosts needs a python3 in /usr; on Debian install the package python3.")
