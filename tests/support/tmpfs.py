"""A small file system in memory, for what happens when a disk is full."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

BLOCK = bytes(65536)


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A folder that every user may enter, on a disk of that size. Skips the test where mounting is refused."""
    folder = Path(tempfile.mkdtemp(prefix="evalhub-disk-"))
    try:
        how = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs"]
        mounted = subprocess.run(["mount", *how, str(folder)], capture_output=True, text=True, check=False)
        if mounted.returncode:
            pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """Nothing more fits on the disk while this lasts."""
    ballast = disk / "ballast"
    try:
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(BLOCK)
        yield
    finally:
        os.unlink(ballast)
