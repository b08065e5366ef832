"""A sandbox in every test here that wants one, and folders of this machine that it can be shown."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may read; those of `tmp_path` are closed to the one who a root worker becomes."""
    folder = Path(tempfile.mkdtemp(prefix="evalhub-shown-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def shown(open_folder: Path) -> str:
    """A folder with a program in its `bin`."""
    (open_folder / "bin").mkdir(mode=0o755)
    tool = open_folder / "bin" / "tool"
    tool.write_text("#!/bin/sh\necho tool ran\n")
    tool.chmod(0o755)
    (open_folder / "data").write_text("some data")
    return str(open_folder)
