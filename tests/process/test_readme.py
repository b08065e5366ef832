"""What the README and the pages on durable eval runs and the API show, typed into a shell and a Python against a new server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.process.running import ROOT, Up, evalhub

pytestmark = pytest.mark.process

API = ("README.md", "## Use the API")
DURABLE = ("docs/eval-runs.md", "## The first one")
DIALECT = ("docs/api.md", "## The dialect /v1")


def block(language: str, port: int, page: tuple[str, str] = API) -> str:
    """The first block in this language below a heading, for a server on another port."""
    section = (ROOT / page[0]).read_text().split(page[1], 1)[1].split("\n## ", 1)[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found, f"the section shows no {language}"
    assert ":8000" in found[1]
    return found[1].replace(":8000", f":{port}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    up = Up(folder=tmp_path_factory.mktemp("readme"), EVALHUB_DEMO_DELAY="0").ready()
    yield up
    up.stop()


def typed(command: list[str], server: Up, folder: Path, **environment: str) -> str:
    told = {**os.environ, "EVALHUB_DATA_DIR": str(server.folder), "DATABASE_URL": "", **environment}
    told["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{told['PATH']}"  # where `evalhub` was installed
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=folder, env=told)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_every_line_of_the_shell_works(server: Up, tmp_path: Path) -> None:
    port = urlsplit(server.url).port or 0
    shown = typed(["bash", "-euo", "pipefail", "-c", block("sh", port)], server, tmp_path)
    assert '"templates":' in shown
    assert "data: [DONE]" in shown
    assert '"status":"completed"' in shown.replace(": ", ":")
    assert '"has_more":' in shown
    assert "about:blank" not in shown, "something was refused"


def test_the_first_durable_eval_run_works_as_it_is_shown(server: Up, tmp_path: Path) -> None:
    shown = typed(["bash", "-euo", "pipefail", "-c", block("sh", urlsplit(server.url).port or 0, DURABLE)], server, tmp_path)
    assert '"status": "completed"' in shown
    assert '{"detail"' not in shown, "something was refused"
    assert 'tests="1"' in (tmp_path / "report.xml").read_text()


def test_every_line_about_the_other_dialect_works(server: Up, tmp_path: Path) -> None:
    shown = typed(["bash", "-euo", "pipefail", "-c", block("sh", urlsplit(server.url).port or 0, DIALECT)], server, tmp_path)
    assert '"authenticated":true' in shown
    assert '"id":"eval_run_' in shown
    assert "# Why runs of " in shown
    assert '{"detail"' not in shown, "something was refused"


@pytest.mark.both_pythons  # the client needs the newer Python
def test_every_line_of_the_python_works(server: Up, tmp_path: Path) -> None:
    pytest.importorskip("sonzai", reason="the published client needs Python 3.12")
    script = block("python", urlsplit(server.url).port or 0)
    key = evalhub("create-key", "python", "--data-dir", str(server.folder)).stdout.strip()
    shown = typed([sys.executable, "-c", script], server, tmp_path, EVALHUB_API_KEY=key)
    assert "final_status Completed." in shown
    assert re.search(r"^\d+\.\d+$", shown, re.MULTILINE), "the score is printed"
    assert len(re.findall(r"^[0-9a-f-]{36} completed 0", shown, re.MULTILINE)) >= 1
