"""The work folder of a job: its files, packed to be put in, and what is kept of it afterwards. Blocking; call it in a thread."""

import io
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agents.sandbox.job import Limits, encoded

MOST_ENTRIES = 20_000  # looked at when files are kept
DEEPEST = 32


def packed(files: Mapping[str, bytes | str]) -> bytes:
    """The files as a tar archive, for a folder that only processes inside a sandbox can write to."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            data = encoded(content)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), _mode(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def written(folder: Path, files: Mapping[str, bytes | str]) -> None:
    """The files in a folder of our own, whose paths were checked by `Job.check`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(content))
        path.chmod(_mode(encoded(content)))


def _mode(data: bytes) -> int:
    return 0o755 if data.startswith(b"#!") else 0o644


@dataclass(slots=True)
class Kept:
    """Files of a work folder by relative path, and how many more there were."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: int = 0
    size: int = 0


def kept(folder: int, limits: Limits) -> Kept:
    """What lies in the folder behind a descriptor. Every step begins at one and follows no link, so nothing leads out of it."""
    result = Kept()
    for name, parent, path in _regular_files(folder):
        data = _content(name, parent, limits.kept_file_bytes)
        if data is None or len(result.files) >= limits.kept_files or result.size + len(data) > limits.kept_bytes:
            result.left_out += 1
        else:
            result.files[path] = data
            result.size += len(data)
    return result


def _regular_files(folder: int) -> Iterator[tuple[str, int, str]]:
    """Name, descriptor of its folder, and relative path of each, in the order of their names."""
    seen = 0
    root = os.fsdecode(os.sep)
    for below, folders, names, descriptor in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        relative = os.path.normpath(below)
        folders[:] = sorted(folders) if relative.count(root) < DEEPEST else []
        for name in sorted(names):
            seen += 1
            if seen > MOST_ENTRIES:
                return
            yield name, descriptor, name if relative == "." else f"{relative}/{name}"


def _content(name: str, folder: int, most: int) -> bytes | None:
    """None for what is no readable regular file of that size at most."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        return file.read(most) if stat.S_ISREG(facts.st_mode) and facts.st_size <= most else None
