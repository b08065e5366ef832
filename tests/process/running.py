"""EvalHub as real processes: starts them, reads what they print, and finds every process that belongs to a data folder."""

import http.client
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
STOP_S = 5.0  # what `evalhub up` promises; held by tests that have the machine to themselves
PATIENCE_S = 20.0
LINK = re.compile(r"^(http://\S+)(/sign-in/\S+)$")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Message
    text: str


def told(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process. Its database is in its folder unless the test names one, whatever the suite itself runs on."""
    return {**os.environ, "DATABASE_URL": "", **environment}


def evalhub(*arguments: str, timeout: float = START_S, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "evalhub.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        cwd=ROOT,
        env=told(environment),
    )


def processes_of(folder: Path) -> list[int]:
    """Every living process of this data folder, forks and orphans included: the folder stands in their environment or command."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if state != "Z" and str(folder).encode() in told:
            found.append(int(entry.name))
    return found


def mark_real_processes(items: Iterable[pytest.Item], folder: Path, *more: pytest.MarkDecorator) -> None:
    """Mark the tests below a folder as ones with real processes. Call it where tests are collected."""
    for item in items:
        if folder in item.path.parents:
            for mark in (pytest.mark.process, *more):
                item.add_marker(mark)
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="looks for left-over processes in /proc, which only Linux has"))


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Started:
    """A command that stays. Its lines are read as they come; `stop` leaves nothing behind, whatever the test did."""

    def __init__(self, command: str, *arguments: str, folder: Path, python: Sequence[str] = (), **environment: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [*(python or [sys.executable, "-m", "evalhub.cli"]), command, "--data-dir", str(folder), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT if not python else folder.parent,
            env=told(environment),
        )
        assert self.process.stdout
        threading.Thread(target=self._read, args=[self.process.stdout], daemon=True).start()

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def line(self, pattern: str, seconds: float = START_S) -> re.Match[str]:
        """Wait for a line that matches."""
        deadline = time.monotonic() + seconds
        while True:
            line = self._queue.get(timeout=max(deadline - time.monotonic(), 0.01))
            assert line is not None, f"it ended without saying {pattern!r}:\n" + "\n".join(self.lines)
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match

    def said(self) -> list[str]:
        """Every line so far. A line that is shown here is not waited for any more."""
        while not self._queue.empty():
            if (line := self._queue.get()) is not None:
                self.lines.append(line)
        return self.lines

    def signal(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    def ends(self, seconds: float) -> int:
        """Its exit code. Raises TimeoutExpired."""
        return self.process.wait(seconds)

    def stop(self) -> None:
        """End it kindly, then kill whatever of the folder is left."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in processes_of(self.folder):
            os.kill(pid, signal.SIGKILL)


class Up(Started):
    """`evalhub up` on a free port, ready to be used."""

    def __init__(self, *arguments: str, folder: Path, python: Sequence[str] = (), **environment: str) -> None:
        super().__init__("up", "--port", "0", *arguments, folder=folder, python=python, **environment)
        self.url, self.link = "", ""

    def ready(self) -> "Up":
        """Wait for the sign-in link."""
        match = self.line(LINK.pattern)
        self.url, self.link = match[1], match[2]
        return self

    def get(self, path: str, cookie: str = "") -> "Answer":
        """One GET; redirects are not followed."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())
        finally:
            connection.close()

    def answers(self) -> bool:
        """Whether /healthz says 200 just now."""
        try:
            return self.get("/healthz").status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
