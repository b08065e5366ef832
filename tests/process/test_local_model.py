"""A real language model on both sides: persona, agent and judge are the small local one, over real HTTP, with constrained JSON."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from agents.llm.local_server import LocalModelError, find_gguf
from tests.process.running import ROOT, Up, evalhub, wait_for
from tests.process.talking import free_port, get, post

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


def test_a_small_real_model_plays_everybody_and_the_run_completes(model_server: str, up: Callable[..., Up]) -> None:
    settings = {"OPENAI_BASE_URL": model_server, "EVALHUB_DEFAULT_MODEL": "openai/smollm2", "EVALHUB_MODEL_TIMEOUT": "600"}
    site = up("--no-demo", **settings)
    key = evalhub("create-key", "ci", "--data-dir", str(site.folder)).stdout.strip()
    template = post(f"{site.url}/api/v1/eval-templates", key, {"name": "Short", "max_tokens": 2048, "categories": [HELPFUL, KIND]})
    post(f"{site.url}/api/v1/agents", key, {"name": "Bo", "bio": "Answers in one sentence."})
    body = {
        "template_id": template["template_id"],
        "quality_only": True,
        "user_persona": {"name": "Ana", "description": "Wants to cook rice.", "style": "short"},
        "simulation_config": {"max_turns_per_session": 2},
    }
    started = post(f"{site.url}/api/v1/agents/Bo/run-eval", key, body)
    run: dict[str, Any] = {}

    def ended() -> bool:
        run.update(get(f"{site.url}/api/v1/eval-runs/{started['run_id']}", key))
        return run["status"] not in {"pending", "running"}

    assert wait_for(ended, RUN_S), run
    assert (run["status"], run["total_turns"]) == ("completed", 2), run.get("error_reason")
    assert [message["role"] for message in run["transcript"]] == ["user", "assistant", "user", "assistant"]
    assert all(message["content"] for message in run["transcript"])
    assert {item["key"] for item in run["evaluation_result"]["categories"]} == {"helpful", "kind"}
    assert run["evaluation_result"]["unscored"] == 0, run["evaluation_result"]
    assert not run["evaluation_result"]["demo"]


HELPFUL = {"key": "helpful", "label": "Helpful", "prompt_instructions": "Did it help?"}
KIND = {"key": "kind", "label": "Kind", "prompt_instructions": "Was it kind?"}
