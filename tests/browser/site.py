"""A real EvalHub for the browser: `evalhub up` in a process of its own, reached only as a person or a client would."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.process.talking import free_port

START_SECONDS = 90
STOP_SECONDS = 10
ACTIVE = {"pending", "running", "evaluating"}


@dataclass(slots=True)
class Site:
    """Where it answers, and how to get in."""

    url: str
    data_dir: Path
    process: subprocess.Popen[str]
    key: str = ""
    cookies: list[Any] = field(default_factory=list)

    def link(self, leads_to: str = "/runs/") -> str:
        """A fresh one-time sign-in link."""
        printed = command("sign-in-link", "--data-dir", str(self.data_dir))
        path = next(line for line in printed.split() if "/sign-in/" in line)
        return f"{self.url}{path[path.index('/sign-in/') :]}?next={leads_to}"

    def start_run(self, *, turns: int = 4, sessions: int = 1, adaptation: bool = False) -> str:
        """Start a judged run of the demo models through the API, and return its id."""
        template = self._call("GET", "/api/v1/eval-templates?type=quality")["templates"][0]["template_id"]
        config = {"max_sessions": sessions, "max_turns_per_session": turns}
        body = {"template_id": template, "simulation_config": config, "quality_only": not adaptation}
        return str(self._call("POST", "/api/v1/agents/Mara/run-eval", body)["run_id"])

    def judge_transcript(self, messages: list[dict[str, Any]]) -> str:
        """Have a conversation judged that was held elsewhere, and return the run's id."""
        template = self._call("GET", "/api/v1/eval-templates?type=quality")["templates"][0]["template_id"]
        body = {"template_id": template, "messages": messages, "quality_only": True}
        return str(self._call("POST", "/api/v1/agents/Mara/evaluate", body)["run_id"])

    def interrupt(self, run_id: str) -> None:
        """Leave a run that is over as a worker's last death leaves one."""
        with contextlib.closing(sqlite3.connect(self.data_dir / "evalhub.sqlite3", timeout=20)) as file, file:
            file.execute("UPDATE runs_evalrun SET status = 'interrupted' WHERE id = ?", [uuid.UUID(run_id).hex])

    def resume(self, run_id: str) -> None:
        self._call("POST", f"/api/v1/eval-runs/{run_id}/resume", {})

    def some_run(self) -> str:
        """A run that is over, with everything in it that the demo models say: the first start's."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            oldest = self._call("GET", "/api/v1/eval-runs?limit=100")["runs"][-1]
            if oldest["status"] == "completed":
                return str(oldest["run_id"])
            time.sleep(0.3)
        raise AssertionError("The demo run did not end.")

    def wait_until_over(self, *run_ids: str) -> None:
        """Until the worker has done with all of them."""
        deadline = time.monotonic() + START_SECONDS
        waiting = list(run_ids)
        while waiting := [run for run in waiting if self._call("GET", f"/api/v1/eval-runs/{run}")["status"] in ACTIVE]:
            assert time.monotonic() < deadline, f"These runs did not end: {waiting}"
            time.sleep(0.3)

    def own_template(self) -> str:
        """A template of the project, with two categories."""
        categories = [{"key": key, "label": key.title(), "prompt_instructions": f"Is there {key}?"} for key in ("tact", "truth")]
        body = {"name": f"Manners {uuid.uuid4().hex[:6]}", "scoring_rubric": "Judge the manners.", "categories": categories}
        return str(self._call("POST", "/api/v1/eval-templates", body)["template_id"])

    def agent(self) -> str:
        """The demo agent: other tests leave agents whose servers are gone."""
        return str(self._call("GET", "/api/v1/agents/Mara")["agent_id"])

    def made(self, code: str) -> str:
        """What a line of code prints that makes rows which no API can make."""
        shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        root, env = Path(__file__).parents[2], environment() | {"EVALHUB_DATA_DIR": str(self.data_dir)}
        return subprocess.run(shell, cwd=root, env=env, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    def kill_web(self) -> None:
        """kill -9 of the process that serves; `evalhub up` starts another."""
        for pid in _children_of(self.process.pid):
            if b"web" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
                return
        raise AssertionError("`evalhub up` has no web process.")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        self.key = self.key or command("create-key", "browser-tests", "--data-dir", str(self.data_dir)).strip()
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def environment() -> dict[str, str]:
    """Demo models that take their time, so that there is something to watch."""
    return {**os.environ, "DATABASE_URL": "", "EVALHUB_DEMO_DELAY": "0.4", "PYTHONUNBUFFERED": "1"}


def command(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "evalhub.cli", *arguments], env=environment(), capture_output=True, text=True, check=True, timeout=60
    ).stdout


def site_start(data_dir: Path) -> Site:
    """Start it and wait until it serves and has printed its sign-in link."""
    port = free_port()
    arguments = ["up", "--port", str(port), "--data-dir", str(data_dir)]
    log = data_dir / "up.txt"
    data_dir.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "evalhub.cli", *arguments], env=environment(), stdout=out, stderr=subprocess.STDOUT, text=True
        )
    site = Site(f"http://127.0.0.1:{port}", data_dir, process)
    try:
        _wait_for_link(process, log)
    except AssertionError:
        site.stop()
        raise
    return site


def _wait_for_link(process: subprocess.Popen[str], log: Path) -> None:
    """The link is printed last, once web and worker are ready. Nobody follows it: any later sign-in makes it void."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if "/sign-in/" in log.read_text():
            return
        time.sleep(0.2)
    raise AssertionError(f"`evalhub up` did not come up:\n{log.read_text()}")
