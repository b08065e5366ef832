"""A wheel built from the repository works like a checkout: templates, static files and rubrics are in it."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.process.running import PATIENCE_S, ROOT, Started, Up, processes_of

pytestmark = pytest.mark.slow
INSTALL_S = 600.0
# What pip says when it cannot reach an index, as opposed to when the build or a requirement is wrong.
UNREACHABLE = re.compile(
    "NewConnectionError|Failed to establish|Connection (refused|reset)|Name or service not known"
    "|Temporary failure in name|Read timed out|ProxyError"
)


def pip(*arguments: str, python: str = sys.executable) -> None:
    """Run pip; skip the test where there is no index to ask."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    if ended.returncode and UNREACHABLE.search(ended.stderr):
        pytest.skip("needs a package index to build and install the wheel, and none can be reached")
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The `evalhub` script of a fresh environment that knows nothing of this checkout."""
    pip("wheel", "--no-deps", "--wheel-dir", str(tmp_path / "dist"), str(ROOT))
    (wheel,) = (tmp_path / "dist").glob("evalhub-*.whl")
    venv.create(tmp_path / "fresh", with_pip=True)
    pip("install", str(wheel), python=str(tmp_path / "fresh" / "bin" / "python"))
    return tmp_path / "fresh" / "bin" / "evalhub"


def test_a_fresh_environment_starts_from_the_wheel(
    installed: Path, folder: Path, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    running = Up(folder=folder, python=[str(installed)])
    started.append(running)
    running.ready()
    page = running.get("/sign-in")
    assert page.status == 200
    styles = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
    assert styles
    assert [running.get(path).status for path in styles] == [200] * len(styles)
    assert running.get("/static/admin/css/base.css").status == 200
    assert str(installed.parent) in Path(f"/proc/{running.process.pid}/cmdline").read_text()
    running.process.terminate()
    assert running.ends(PATIENCE_S) == 0
    assert processes_of(folder) == []
    assert os.listdir(folder / "logs")
