"""Probes of real web processes: without a worker, with all places taken, and while the database answers nobody."""

import contextlib
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.process.running import Started, Up, evalhub, wait_for
from tests.process.talking import free_port
from tests.support.postgres_cluster import Cluster, private_cluster

TOKEN = "scrape-me"
SOON_S = 5.0  # three seconds of patience, and a machine that does other things too


def asked(url: str, path: str, token: str = "", timeout: float = 10.0) -> tuple[int, str]:
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def scraped(url: str) -> dict[str, float]:
    """Samples without labels, by name."""
    status, text = asked(url, "/metrics", TOKEN)
    assert status == 200
    return {item.name: item.value for family in text_string_to_metric_families(text) for item in family.samples if not item.labels}


def web(folder: Path, started: list[Started], **environment: str) -> str:
    """A web process and nothing else; where it answers."""
    port = free_port()
    assert evalhub("migrate", "--data-dir", str(folder), **environment).returncode == 0
    process = Started("web", "--port", str(port), folder=folder, EVALHUB_METRICS_TOKEN=TOKEN, **environment)
    started.append(process)
    process.line("answers at")
    return f"http://127.0.0.1:{port}"


def test_a_whole_installation_is_ready_and_measured(up: Callable[..., Up]) -> None:
    site = up("--no-demo", EVALHUB_METRICS_TOKEN=TOKEN)
    assert wait_for(lambda: asked(site.url, "/readyz") == (200, "ok\n"), 15)
    found = scraped(site.url)
    assert found["evalhub_database_up"] == 1
    assert found["process_resident_memory_bytes"] > 0
    assert asked(site.url, "/metrics")[0] == 401


def test_web_alone_serves_and_is_not_ready(folder: Path, started: list[Started]) -> None:
    url = web(folder, started)
    assert asked(url, "/healthz") == (200, "ok\n")
    status, text = asked(url, "/readyz")
    assert (status, text.split(":")[0]) == (503, "worker")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with private_cluster() as made:
        yield made


def warmed(url: str) -> None:
    """The first page and the first question load code and connect, which takes a busy machine seconds."""
    asked(url, "/sign-in")
    assert wait_for(lambda: asked(url, "/readyz")[1].startswith("worker"), 15)


@contextlib.contextmanager
def table_locked(url: str) -> Iterator[None]:
    """Whoever reads sessions waits."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
        yield


@contextlib.contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """The server takes connections and says nothing, as behind a network that broke."""
    postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
    pids = [postmaster, *map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())]
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: list[int], number: int) -> None:
    """One that was about to end may be gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@pytest.mark.postgres
def test_probes_answer_while_every_place_of_the_pages_is_taken(folder: Path, started: list[Started], cluster: Cluster) -> None:
    url = web(folder, started, DATABASE_URL=cluster.url, EVALHUB_WEB_CONCURRENCY="1")
    request = urllib.request.Request(f"{url}/runs/", headers={"Cookie": f"sessionid={'n' * 32}"})
    page = threading.Thread(target=lambda: urllib.request.urlopen(request, timeout=30).close())
    warmed(url)
    with table_locked(cluster.url):
        page.start()
        time.sleep(0.5)
        assert asked(url, "/healthz", timeout=SOON_S) == (200, "ok\n")
        assert asked(url, "/readyz", timeout=SOON_S)[1].startswith("worker")
        assert scraped(url)["evalhub_database_up"] == 1
        assert page.is_alive(), "the page had a place after all"
    page.join(30)


@pytest.mark.postgres
def test_a_database_that_answers_nobody_is_told_in_time_and_seen_again(folder: Path, started: list[Started], cluster: Cluster) -> None:
    url = web(folder, started, DATABASE_URL=cluster.url)
    warmed(url)
    with frozen(cluster):
        for _ in range(2):
            began = time.monotonic()
            status, text = asked(url, "/readyz")
            assert time.monotonic() - began < SOON_S
            assert (status, text.split(":")[0]) == (503, "database")
        began = time.monotonic()
        with ThreadPoolExecutor(12) as many:
            statuses = list(many.map(lambda _: asked(url, "/readyz")[0], range(12)))
        assert statuses == [503] * 12
        assert time.monotonic() - began < SOON_S, "who asks at the same time waits no longer"
        assert asked(url, "/healthz", timeout=SOON_S) == (200, "ok\n")
        assert scraped(url)["evalhub_database_up"] == 0
    assert wait_for(lambda: asked(url, "/readyz")[1].startswith("worker"), 15)
