"""A real language model on both sides: persona, agent and judge are the small local one, over real HTTP, with constrained JSON."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from agents.llm.local_server import LocalModelError, find_gguf
from tests.process.running import ROOT, Up, evalhub, wait_for
from tests.process.talking import free_port, post

pytestmark = [pytest.mark.local_model, pytest.mark.slow]
LOADS_S = 60.0
RUN_S = 900.0


@pytest.fixture
def model_server(tmp_path: Path) -> Any:
    """`evalhub model-server` on a free port; its address up to /v1."""
    if find_spec("xllamacpp") is None:
        pytest.skip("needs the extra evalhub[local]")
    try:
        find_gguf()
    except LocalModelError as error:
        pytest.skip(str(error))
    port, log = free_port(), tmp_path / "model.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "evalhub.cli", "model-server", "--port", str(port)], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        assert wait_for(lambda: "/v1" in log.read_text() or process.poll() is not None, LOADS_S)
        assert process.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def test_a_small_real_model_plays_everybody_and_the_run_completes(model_server: str, up: Callable[..., Up], tmp_path: Path) -> None:
    settings = {"OPENAI_BASE_URL": model_server, "EVALHUB_DEFAULT_MODEL": "openai/smollm2", "EVALHUB_MODEL_TIMEOUT": "600"}
    site = up("--no-demo", **settings)
    key = evalhub("create-key", "ci", "--data-dir", str(site.folder)).stdout.strip()
    post(f"{site.url}/api/v1/eval-templates", key, {"name": "Short", "max_tokens": 600, "categories": [HELPFUL, KIND]})
    post(f"{site.url}/api/v1/agents", key, {"name": "Bo", "bio": "Answers in one sentence."})
    persona = tmp_path / "persona.json"
    persona.write_text(json.dumps({"name": "Ana", "description": "Wants to cook rice.", "style": "short"}))
    command = ["run-eval", "--agent", "Bo", "--template", "Short", "--persona", str(persona), "--max-turns", "2", "--json"]
    ended = evalhub(*command, "--url", site.url, "--api-key", key, timeout=RUN_S)
    assert ended.returncode == 0, ended.stderr
    run = json.loads(ended.stdout)
    assert (run["status"], run["total_turns"]) == ("completed", 2)
    assert [message["role"] for message in run["transcript"]] == ["user", "assistant", "user", "assistant"]
    assert all(message["content"] for message in run["transcript"])
    assert {item["key"] for item in run["evaluation_result"]["categories"]} == {"helpful", "kind"}
    assert run["evaluation_result"]["unscored"] == 0
    assert not run["evaluation_result"]["demo"]


HELPFUL = {"key": "helpful", "label": "Helpful", "prompt_instructions": "Did it help?"}
KIND = {"key": "kind", "label": "Kind", "prompt_instructions": "Was it kind?"}
