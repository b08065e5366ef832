"""Clients that ask and do not read, of real server processes: what they cost, and how long they are waited for."""

import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.process.running import Started, evalhub
from tests.process.streaming import status_number
from tests.process.talking import get, post

CLIENTS = 24
PLACES = 4
MESSAGES = [{"role": "user" if number % 2 == 0 else "assistant", "content": "x" * 1000} for number in range(4000)]  # 4 MB as JSON
IMPATIENT = "from evalhub.cli import main, paced; paced.PATIENCE_S = 1.0; main()"


class Site:
    """A web process with one run whose detail is large. Nothing works on it."""

    def __init__(self, started: list[Started], folder: Path, python: list[str], environment: dict[str, str]) -> None:
        environment |= {"EVALHUB_API_RATE_LIMIT": "0", "EVALHUB_WEB_CONCURRENCY": str(PLACES)}
        made = evalhub("create-key", "test", "--data-dir", str(folder), **environment)
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.strip()
        web = Started("web", "--port", "0", folder=folder, python=python, **environment, PGAPPNAME="the web process")
        started.append(web)
        self.url, self.pid = web.line(r"answers at (http://\S+)")[1], web.process.pid
        body = {"messages": MESSAGES, "template_id": "Conversation quality"}
        self.path = f"/api/v1/eval-runs/{post(f'{self.url}/api/v1/agents/Mara/evaluate', self.key, body)['run_id']}"

    def asked(self, path: str = "") -> socket.socket:
        """A connection on which something was asked for and nothing is read."""
        address = urlsplit(self.url)
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)
        client.connect((address.hostname, address.port))
        client.sendall(f"GET {path or self.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n\r\n".encode())
        return client


Starter = Callable[..., Site]


@pytest.fixture
def site(started: list[Started], folder: Path) -> Starter:
    return lambda *python, **environment: Site(started, folder, [*python], environment)


def everything(client: socket.socket) -> int:
    """How much came until the connection was closed. Raises ConnectionResetError when it was cut."""
    received = 0
    while part := client.recv(64 * 1024):
        received += len(part)
    return received


def connections_of_web(database: str) -> int:
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the web process'").fetchone()
    return found[0] if found else 0


@pytest.mark.postgres
def test_clients_that_read_nothing_hold_no_place_with_its_thread_and_connection(site: Starter, database: str) -> None:
    here = site(DATABASE_URL=database)
    threads = status_number(here.pid, "Threads")
    with ExitStack() as stack:
        clients = [stack.enter_context(here.asked()) for _ in range(CLIENTS)]
        assert all(client.recv(1, socket.MSG_PEEK) for client in clients)  # all are being answered
        assert connections_of_web(database) <= PLACES
        assert status_number(here.pid, "Threads") <= threads + PLACES + 1
        assert get(f"{here.url}{here.path}", here.key)["status"] == "pending"


def test_a_client_that_takes_nothing_is_cut_and_one_that_takes_a_little_is_not(site: Starter) -> None:
    here = site(sys.executable, "-c", IMPATIENT)
    with here.asked() as idle, here.asked() as slow:
        until = time.monotonic() + 5
        received = 0
        while time.monotonic() < until:
            received += len(slow.recv(64 * 1024))
            time.sleep(0.02)
        with pytest.raises(ConnectionResetError):
            everything(idle)
        while not received > 4_000_000:
            received += len(slow.recv(64 * 1024))


def test_a_stream_that_has_nothing_to_say_is_not_cut(site: Starter) -> None:
    here = site(sys.executable, "-c", IMPATIENT)
    with here.asked(f"{here.path}/events") as stream:
        time.sleep(4)
        received = stream.recv(64 * 1024)
        assert received.startswith(b"HTTP/1.1 200")
        stream.setblocking(False)
        with pytest.raises(BlockingIOError):  # open, and silent
            stream.recv(1)
