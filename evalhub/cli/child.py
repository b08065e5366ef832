"""One child process of `evalhub up`: its own session, its output in a log file of bounded size, and whether it said it is ready."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from evalhub.cli.parent import SUPERVISOR_PID

READY_LINE = "evalhub: ready"
LOG_BYTES = 5_000_000
LOG_FILES = 3
LAST_LINES_S = 0.5


class Child:
    """`evalhub <name> …` as a process. Start and stop it from the main thread: the kernel ties a child to the thread that started it."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        self.said_ready = threading.Event()
        # -P: a folder `agents` or `runs` where somebody happens to stand must not be imported instead of ours.
        self._command = [sys.executable, "-P", "-m", "evalhub.cli", name, *arguments]
        # The parent writes the file, so one rotation serves everything below the child, its forks included.
        self._handler = RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
        self._handler.setFormatter(logging.Formatter("%(message)s"))
        self._process: subprocess.Popen[str] | None = None
        self._copier: threading.Thread | None = None

    def start(self) -> None:
        self.said_ready.clear()
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter, our own arguments
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C in the terminal is for the parent alone, which ends its children in order
            env={**os.environ, SUPERVISOR_PID: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
        )
        self._copier = threading.Thread(target=self._copy, args=[self._process.stdout], name=f"log of {self.name}", daemon=True)
        self._copier.start()

    def _copy(self, output: IO[str]) -> None:
        with output:
            for line in output:
                if line.strip() == READY_LINE:
                    self.said_ready.set()
                    continue
                self._handler.emit(logging.LogRecord(self.name, logging.INFO, "", 0, line.rstrip("\n"), None, None))

    def _finish_log(self) -> None:
        """Wait for the last lines of a child that has ended. Bounded: a fork that outlived it may still hold the pipe."""
        if self._copier:
            self._copier.join(LAST_LINES_S)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int | None:
        """None while it runs, and before it was started; negative when a signal ended it."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        """SIGTERM to the child alone, not to its group: a worker must first let its own forks give their leases back."""
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to whatever is left of the child's session, and reap it."""
        if not self._process:
            return
        # Nothing left is fine; macOS says so with EPERM while the leader is a zombie.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None  # its number may belong to somebody else from here on
        self._finish_log()

    def close(self) -> None:
        """Kill it, and close its log. It is not started again."""
        self.kill()
        self._handler.close()

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for the person whose start-up failed."""
        self._finish_log()
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
