"""kill -9 of everything while a page watches: both parts start again, and the page sees every event once."""

import http.client
import json
import threading
import time
import urllib.request
from typing import Any

from evalhub.cli.sse import EventReader
from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.installation import Installation
from tests.process.durability.load import Load
from tests.process.durability.parts import below, is_gone, kill_9
from tests.process.running import evalhub, wait_for
from tests.process.talking import free_port

AGAIN_S = 0.2


class Page:
    """Follows one run over lost connections, as EventSource does: it says which event it saw last."""

    def __init__(self, url: str, key: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.connections = 0
        self.done = threading.Event()
        self._url, self._headers = url, {"Authorization": f"Bearer {key}"}
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while not self.done.is_set():
            try:
                self._read()
            except (OSError, http.client.HTTPException):
                time.sleep(AGAIN_S)

    def _read(self) -> None:
        last = {"Last-Event-ID": str(self.events[-1]["seq"])} if self.events else {}
        reader = EventReader()
        with urllib.request.urlopen(urllib.request.Request(self._url, headers={**self._headers, **last}), timeout=5) as response:
            self.connections += 1
            while received := response.read1():
                self.events += reader.feed(received)
                if b"[DONE]" in received:
                    self.done.set()


def begin(here: Installation, port: int) -> list[int]:
    """Web and worker, ready. Returns their processes."""
    web = here.begin("web", "--port", str(port))
    web.line("answers at")
    return [web.process.pid, here.worker().process.pid]


def test_a_page_sees_every_event_once_though_worker_and_web_were_killed(install: Install, conclude: Conclude) -> None:
    here, port = install(latency=0.1, EVALHUB_CONCURRENCY="8"), free_port()
    key = evalhub("create-key", "page", "--data-dir", str(here.folder), **here.settings).stdout.strip()
    first = begin(here, port)
    here.fill(Load(16))
    here.wait_made(here.load.calls // 8)
    run_id = here.rows("SELECT id FROM runs_evalrun WHERE status = 'running' ORDER BY created_at")[0][0]
    page = Page(f"http://127.0.0.1:{port}/api/v1/eval-runs/{run_id}/events", key)
    assert wait_for(lambda: len(page.events) > 3, 10), page.events
    everything = [*first, *(pid for parent in first for pid in below(parent, here.folder))]
    for pid in first:
        kill_9(pid)
    killed = time.monotonic()
    assert wait_for(lambda: all(map(is_gone, everything)), 5)
    here.note_kill()
    begin(here, port)
    pause = here.goes_on(killed)
    here.ends()
    assert page.done.wait(10), "the page never heard of the end"
    seqs = [event["seq"] for event in page.events]
    assert seqs == list(range(len(seqs))), json.dumps(page.events)
    assert page.events[-1]["type"] == "final_status"
    assert page.connections >= 2
    conclude("kill -9 of worker and web together", here, pause)
