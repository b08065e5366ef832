"""kill -9 between the requests of one judgement: what was answered is stored, and only the request under way is lost."""

import os
import signal
from pathlib import Path

from tests.benchmarks.conversations import CALLS, JUDGE, TURNS, conversations
from tests.process.running import Started, processes_of, told, wait_for
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server

MODEL = JUDGE.partition("/")[2]
BROKEN = 3


def judgements(server: MockModelServer) -> int:
    return sum(request["model"] == MODEL for request in list(server.requests))


def test_a_killed_worker_loses_the_record_of_the_request_under_way_and_no_other(folder: Path, started: list[Started]) -> None:
    with mock_server() as server:
        server.user_turns = TURNS
        server.script.push(MODEL, *["wrong-schema"] * BROKEN, "hang")
        environment = {"EVALHUB_DATA_DIR": str(folder), "OPENAI_API_KEY": "sk", "OPENAI_BASE_URL": server.openai_url}
        conversations("make", "1", environment=told(environment))
        worker = Started("worker", folder=folder, **environment)
        started.append(worker)
        assert wait_for(lambda: judgements(server) == BROKEN + 1, 30)
        for process in processes_of(folder):
            if process != worker.process.pid:
                os.kill(process, signal.SIGKILL)
        stored = conversations("wait", "30", environment=told(environment))
        assert (stored["status"], stored["gapless"], stored["balanced"]) == ({"completed": 1}, 1, 1)
        assert len(server.requests) == CALLS + BROKEN + 1
        assert stored["calls"] == len(server.requests) - 1
