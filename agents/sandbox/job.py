"""What goes into a sandbox and what comes out of it: the job, its limits, its outcome. Imports nothing of ours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

WORKDIR = "."  # a job starts in its work folder, so this names it with and without a sandbox
LONGEST_ARGUMENT = 128 * 1024 - 1  # bytes; Linux starts no program with a longer one
LONGEST_START = 1024 * 1024  # bytes of arguments and environment together; Linux allows some more
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A shell that is bash reads its options from these, and some of them execute what stands in other variables (xtrace and PS4).
OF_THE_SHELL = frozenset({"SHELLOPTS", "BASHOPTS"})


class BadJob(ValueError):
    """The job cannot be started as it is; the message says why."""


class SandboxMissing(RuntimeError):
    """There is no working sandbox on this machine; the message says why and what would help."""


class Ended(StrEnum):
    """How a job came to its end."""

    EXITED = "exited"  # by itself, with an exit code
    SIGNAL = "signal"  # a signal that was not ours: a crash, or a kill of its own
    TIMEOUT = "timeout"
    CPU_LIMIT = "cpu_limit"
    MEMORY_LIMIT = "memory_limit"
    PROCESS_LIMIT = "process_limit"
    DISK_LIMIT = "disk_limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use, all its processes together. Seconds and bytes."""

    wall_s: float = 120.0
    cpu_s: int = 60
    memory_bytes: int = 1 << 30
    processes: int = 128  # threads count, as they do for the system
    output_bytes: int = 1 << 20  # kept of stdout and of stderr each; the rest is read and dropped
    disk_bytes: int = 256 << 20  # work folder, temp folder and home together
    network_bytes: int = 256 << 20  # through the proxy, both ways
    kept_files: int = 200  # of the work folder, at the end
    kept_file_bytes: int = 1 << 20
    kept_bytes: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """A program to run. `files` go into the work folder, where it starts; a text that begins with #! becomes executable."""

    argv: Sequence[str]
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    allowed_hosts: tuple[str, ...] = ()  # `api.example.com`, `*.example.com`, each with `:port` where it is not 80 or 443
    limits: Limits = Limits()
    read_only: tuple[str, ...] = ()  # absolute paths of this machine that the job may see; their `bin` is in its PATH

    def check(self) -> None:
        """Raises BadJob for what would fail, or reach outside, once it is started."""
        if any("\ud800" <= letter <= "\udfff" for part in (*self.argv, *self.env.values(), *self.files) for letter in part):
            raise BadJob("A text of the job holds half a character (a lone surrogate), which no program can be given.")
        _check_argv(self.argv)
        _check_env(self.env)
        if sum(_size(part) for part in (*self.argv, *self.env, *self.env.values())) > LONGEST_START:
            raise BadJob("Arguments and environment are longer than 1 MiB together, which no program can be given.")
        _check_files(self.files, self.limits.disk_bytes // 2)
        for path in self.read_only:
            check_read_only(path)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job did. `exit_code` is there when it exited, `signal` when one ended it; neither when a limit did."""

    ended: Ended
    exit_code: int | None
    signal: int | None
    stdout: str
    stderr: str
    stdout_truncated: bool
    stderr_truncated: bool
    latency_ms: int
    sandboxed: bool
    files: Mapping[str, bytes]  # what lies in the work folder at the end, as far as the limits of a job let it be kept
    files_left_out: int  # too many, too large, or unreadable; links are neither followed nor counted
    refused_hosts: tuple[str, ...] = ()  # `host:port` that the job asked for and was not let to

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0

    @property
    def sentence(self) -> str:
        """How it ended, for people; says so where no sandbox was around it."""
        return _SENTENCES[self.ended].format(self) + ("" if self.sandboxed else " It ran without a sandbox.")


_SENTENCES = {
    Ended.EXITED: "The program exited with code {0.exit_code}.",
    Ended.SIGNAL: "The program was ended by signal {0.signal}.",
    Ended.TIMEOUT: "The program did not end in time and was stopped.",
    Ended.CPU_LIMIT: "The program used more processor time than it may and was stopped.",
    Ended.MEMORY_LIMIT: "The program used more memory than it may and was stopped.",
    Ended.PROCESS_LIMIT: "The program started more processes than it may and was stopped.",
    Ended.DISK_LIMIT: "The program wrote more files than it may and was stopped.",
}


def _check_argv(argv: Sequence[str]) -> None:
    if not argv or not argv[0] or argv[0].startswith("-"):
        raise BadJob("A job needs a program to start as its first argument.")
    if any("\0" in part for part in argv):
        raise BadJob("An argument holds a NUL character, which no program can be given.")
    if any(_size(part) > LONGEST_ARGUMENT for part in argv):
        raise BadJob("An argument is longer than 128 KiB, which no program can be given.")


def _check_env(env: Mapping[str, str]) -> None:
    for name, value in env.items():
        if not VARIABLE.fullmatch(name):
            raise BadJob(f"{name!r} is no name of an environment variable.")
        if name in OF_THE_SHELL:
            raise BadJob(f"{name} cannot be set: it would change the shell that starts the program.")
        if "\0" in value or _size(value) > LONGEST_ARGUMENT:
            raise BadJob(f"The value of {name} holds a NUL character or is longer than 128 KiB.")


def encoded(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else content.encode(errors="replace")


def _size(content: bytes | str) -> int:
    return len(encoded(content))


def _check_files(files: Mapping[str, bytes | str], most: int) -> None:
    if sum(map(_size, files.values())) > most:
        raise BadJob(f"The files of the job are larger than {most} bytes together, which is half of what it may write.")
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    for name in files:
        path = PurePosixPath(name)
        if not name or "\0" in name or path.is_absolute() or ".." in path.parts or str(path) != name or name == ".":
            raise BadJob(f"{name!r} is no path inside the work folder.")
        if name in folders:
            raise BadJob(f"{name!r} is a file and a folder at once.")


# Whole trees that hold other people's secrets or the machine's own; a path below one of them may be named.
_NEVER = frozenset({"/", "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/tmp", "/var"})  # noqa: S108

_NOTHING_BELOW = ("/box", "/dev", "/proc", "/sys", "/var/tmp")  # noqa: S108


def check_read_only(path: str) -> None:
    """Raises BadJob for a path that no sandbox should show."""
    plain = PurePosixPath(path)
    if path.startswith("//") or not plain.is_absolute() or ".." in plain.parts or "\0" in path:
        raise BadJob(f"{path!r} is no absolute path.")
    if str(plain) in _NEVER or any(plain.is_relative_to(tree) for tree in _NOTHING_BELOW):
        raise BadJob(f"{path} is not for a sandbox; name the folder of one program instead.")
