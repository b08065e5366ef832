"""A run whose agent's and whose judge's server repeat what they were sent: nothing of a secret is in any table, or in a log."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.apps import apps

from agents.models import Agent, ModelProvider
from evalhub.common.secrets import encrypt
from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.states import Status
from tests.support.runs import project_make, run_make, template_make

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "zq-agent-0123456789/abcdef"
KEY = "zq-judge-0123456789/abcdef"


class Repeating(BaseHTTPRequestHandler):
    """/ok answers with the secret in its reply; every other path fails with it, in a sentence that is cut in the middle of it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        secret = self.headers["Authorization"].removeprefix("Bearer ")
        encoded = base64.b64encode(secret.encode()).decode()
        status, said = (200, {"reply": f"You are {secret}, or {encoded}."})
        if self.path != "/ok":
            status, said = (int(self.path.strip("/").split("/")[0]), {"error": f"{encoded} {'x' * 230} {secret}", secret: secret})
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Secret", secret)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what this server logs is not ours."""


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    settings.ENV = settings.ENV.model_copy(update={"allow_loopback_out": True, "model_attempts": 2, "model_patience": 0.0})
    with ThreadingHTTPServer(("127.0.0.1", 0), Repeating) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def agent_at(address: str) -> Agent:
    project = project_make()
    return Agent.objects.create(
        project=project, name="Hook", kind="webhook", endpoint_url=address, endpoint_secret_encrypted=encrypt(TOKEN)
    )


def driven(run: EvalRun) -> EvalRun:
    run_drain(linger=0)
    run.refresh_from_db()
    return run


def everything_stored() -> str:
    return " ".join(str(row) for model in apps.get_models() for row in model._default_manager.values())


def expect_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    kept = everything_stored() + caplog.text
    assert "zq-" not in kept
    for secret in (TOKEN, KEY):
        assert base64.b64encode(secret.encode()).decode()[:12] not in kept


def test_a_token_that_an_agent_repeats_is_not_in_the_transcript(address: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        run = driven(run_make(agent=agent_at(f"{address}/ok")))
    assert run.status == Status.COMPLETED
    assert "You are [the API key], or [the API key]" in run.messages.get(index=1).content
    expect_no_secret(caplog)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a_token_that_an_agent_repeats_in_an_error_is_not_kept(status: int, address: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        run = driven(run_make(agent=agent_at(f"{address}/{status}")))
    assert (run.status, "[the API key]" in run.error_reason or status == 200) == (Status.FAILED, True)
    assert run.model_calls.exclude(error="").exists()
    expect_no_secret(caplog)


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_key_that_a_judge_repeats_is_not_in_the_reason(status: int, address: str, caplog: pytest.LogCaptureFixture) -> None:
    project = project_make()
    base_url, secret = f"{address}/{status}", encrypt(KEY)
    ModelProvider.objects.create(project=project, name="own", kind="openai", base_url=base_url, secret_encrypted=secret)
    template = template_make(project, judge_model="own/judge")
    with caplog.at_level("DEBUG"):
        run = driven(run_make(template=template, model="demo/agent"))
    assert run.status == Status.FAILED
    assert "own/judge" in run.error_reason
    expect_no_secret(caplog)
