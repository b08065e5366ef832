"""What the processes of a job use together, read from /proc while they run. Blocking; call it in a thread.

RLIMIT_* bound one process each, and root not at all; only the sum tells a fork bomb or a family of memory hogs.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from agents.sandbox.job import Ended, Limits

TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024
MOST_INODES = 100_000  # an empty file takes memory of the kernel's, which the size of a file system does not count
OWN_MEMORY = re.compile(rb"^(?:Rss(?:Anon|Shmem)|VmSwap|VmPTE):\s+(\d+) kB", re.MULTILINE)
FAIR_SHARE = re.compile(rb"^(?:Pss_(?:Anon|Shmem)|SwapPss):\s+(\d+) kB", re.MULTILINE)
PAGE_TABLES = re.compile(rb"^VmPTE:\s+(\d+) kB", re.MULTILINE)  # grow with every address that is only read, and with no page
REAL_USER = re.compile(rb"^Uid:\s+(\d+)", re.MULTILINE)
THREADS = re.compile(rb"^Threads:\s+(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Use:
    """Threads of all processes, bytes of memory that is not file cache, seconds of processor, bytes and number of files."""

    threads: int = 0
    memory: int = 0
    cpu_s: float = 0.0
    disk: int = 0
    inodes: int = 0

    def excess(self, limits: Limits) -> Ended | None:
        """The limit that is passed, if one is."""
        passed = (
            (self.threads > limits.processes, Ended.PROCESS_LIMIT),
            (self.memory > limits.memory_bytes, Ended.MEMORY_LIMIT),
            (self.cpu_s > limits.cpu_s, Ended.CPU_LIMIT),
            (self.disk >= limits.disk_bytes or self.inodes > MOST_INODES, Ended.DISK_LIMIT),
        )
        return next((ended for is_passed, ended in passed if is_passed), None)


class Processor:
    """Seconds of processor of all processes of a job, those that are gone too."""

    def __init__(self) -> None:
        self._own: dict[tuple[str, bytes], float] = {}  # of those that live, by number and start
        self._gone = 0.0

    def told(self, stats: Mapping[str, bytes]) -> float:
        """Their sum so far, by what /proc says of the living now.

        A parent that waits for a child inherits its time. One that ignores SIGCHLD does not, so what was seen of it counts on.
        """
        fields = {pid: stat[stat.rfind(b")") + 2 :].split() for pid, stat in stats.items()}
        own = {(pid, found[19]): _seconds(found[11:13]) for pid, found in fields.items()}
        self._gone += sum(spent for process, spent in self._own.items() if process not in own)
        self._own = own
        return max(self._gone + sum(own.values()), sum(_seconds(found[11:15]) for found in fields.values()))


def _seconds(fields: Iterable[bytes]) -> float:
    """Of utime, stime, cutime, cstime: fields 14 to 17 of proc_pid_stat(5), as starttime is field 22."""
    return sum(map(int, fields)) / TICKS


def use_of(proc: int, pids: Iterable[str], processor: Processor, *, memory_limit: int) -> Use:
    """The use of processes by their directory below `proc`, a descriptor of a /proc. Those that end meanwhile count for nothing new."""
    threads, memory = 0, 0
    living: dict[str, bytes] = {}
    for pid in pids:
        status, numbers = _read(proc, f"{pid}/status"), _read(proc, f"{pid}/stat")
        if not status or not numbers:
            continue
        living[pid] = numbers
        threads += _sum(THREADS, status)
        memory += _sum(OWN_MEMORY, status) * KIB
    if memory > memory_limit:  # pages that a fork shares were counted for each; the exact figure costs a walk of the page tables
        memory = sum(_fair_memory(proc, pid) for pid in living)
    return Use(threads, memory, processor.told(living))


def _fair_memory(proc: int, pid: str) -> int:
    """Shared pages counted once in all; its own pages and the shared where it may not be asked for that."""
    found, status = _read(proc, f"{pid}/smaps_rollup"), _read(proc, f"{pid}/status")
    return (_sum(FAIR_SHARE, found) + _sum(PAGE_TABLES, status) if found else _sum(OWN_MEMORY, status)) * KIB


def _sum(pattern: re.Pattern[bytes], text: bytes) -> int:
    return sum(int(number) for number in pattern.findall(text))


def _read(folder: int, path: str) -> bytes:
    """Empty when the process is gone or not ours to ask."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return b""
    try:
        with open(descriptor, "rb", buffering=0) as file:
            return file.read() or b""
    except OSError:
        return b""


def pids_below(proc: int, belongs: Callable[[str], bool] | None = None) -> list[str]:
    return [name for name in os.listdir(proc) if name.isdigit() and (belongs is None or belongs(name))]


def threads_of(proc: str, user: int) -> int | None:
    """Threads that a user has on this machine; None where there is no /proc to count them in."""
    if not os.path.isdir(proc):
        return None
    descriptor = os.open(proc, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        statuses = (_read(descriptor, f"{pid}/status") for pid in pids_below(descriptor))
        return sum(_sum(THREADS, status) for status in statuses if _sum(REAL_USER, status) == user)
    finally:
        os.close(descriptor)


def carries(proc: int, pid: str, mark: bytes) -> bool:
    """Whether a process was started with this text in its environment, which its children inherit."""
    return mark in _read(proc, f"{pid}/environ").split(b"\0")


def disk_use(folders: Iterable[int]) -> tuple[int, int]:
    """Bytes and files of the file systems behind descriptors."""
    facts = [os.fstatvfs(folder) for folder in folders]
    return sum((fact.f_blocks - fact.f_bfree) * fact.f_frsize for fact in facts), sum(fact.f_files - fact.f_ffree for fact in facts)


def tree_use(folder: str) -> tuple[int, int]:
    """Bytes and files below a folder, as far as they can be looked at."""
    size, count = 0, 0
    for below, _, names in os.walk(folder):
        for name in names:
            count += 1
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(below, name)).st_blocks * 512
            if count > MOST_INODES:
                return size, count
    return size, count
