"""The processes below `evalhub worker`, by what they are: found in /proc, since a test must not ask those it kills."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.process.running import processes_of, wait_for


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command: state, parent, …; [] when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def is_gone(pid: int) -> bool:
    return _stat(pid)[:1] in ([], ["Z"])


def children_of(pid: int, folder: Path) -> list[int]:
    """Those of the folder whose parent this is, the oldest first."""
    with_parents = [(each, _stat(each)) for each in processes_of(folder)]
    found = [(int(stat[19]), each) for each, stat in with_parents if stat and int(stat[1]) == pid]
    return [each for _, each in sorted(found)]


def below(pid: int, folder: Path) -> list[int]:
    """Its children, theirs, and so on."""
    children = children_of(pid, folder)
    return children + [each for child in children for each in below(child, folder)]


def the_worker_of(up: int, folder: Path) -> int:
    """The child of `evalhub up` that is `evalhub worker`."""
    return next(pid for pid in children_of(up, folder) if b"\0worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes() + b"\0")


@dataclass(frozen=True, slots=True)
class Parts:
    """One worker's tree: the supervisor that was started, a sentinel of its, and the process below it that drives runs."""

    supervisor: int
    sentinel: int
    drain: int


def parts_of(supervisor: int, folder: Path) -> Parts | None:
    """The tree below a supervisor when it is whole, else None.

    The sentinel is the one with several children: it forks its workers first, then those that fetch and store tasks.
    """
    chain = [supervisor]
    while len(below := children_of(chain[-1], folder)) == 1:
        chain.append(below[0])
    if len(below) < 3 or len(chain) < 2:
        return None
    return Parts(supervisor=supervisor, sentinel=chain[-1], drain=below[0])


def wait_parts(supervisor: int, folder: Path, seconds: float = 15.0) -> Parts:
    """The tree, as soon as it is whole."""
    found: list[Parts] = []

    def whole() -> bool:
        found[:] = [parts] if (parts := parts_of(supervisor, folder)) else []
        return bool(found)

    assert wait_for(whole, seconds), f"the tree below {supervisor} is not whole: {processes_of(folder)}"
    return found[0]


def drivers_of(folder: Path, port: int) -> set[int]:
    """The processes that have connections to the model server: those that drive runs."""
    wanted = {f"socket:[{inode}]" for inode in _sockets_to(port)}
    return {pid for pid in processes_of(folder) if wanted & _descriptors(pid)}


def _sockets_to(port: int) -> list[str]:
    """Inodes of the open sockets whose other end is this port on loopback."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [fields[9] for fields in lines if fields[2] == f"0100007F:{port:04X}" and fields[9] != "0"]


def _descriptors(pid: int) -> set[str]:
    found = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found.add(os.readlink(entry))
    except OSError:  # it ended, or closed the file meanwhile
        return found
    return found


def kill_9(pid: int) -> None:
    """And wait until it is no more."""
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: is_gone(pid), 5)


def wait_driver(folder: Path, port: int, seconds: float = 15.0) -> int:
    """The process that drives runs, as soon as one does."""
    found: list[int] = []

    def drives() -> bool:
        found[:] = drivers_of(folder, port)
        return bool(found)

    assert wait_for(drives, seconds), "nobody talks with the model server"
    return found[0]
