"""The database goes away or its disk is full: paid answers wait in memory, and nothing is asked twice."""

import time
from pathlib import Path

import pytest

from tests.process.durability.blanks import migrate
from tests.process.durability.conftest import Conclude
from tests.process.durability.installation import Installation, installation
from tests.process.durability.load import Load
from tests.support.postgres_cluster import private_cluster
from tests.support.tmpfs import full, small_disk

LOAD = Load(16)
ONE = Load(1, sessions=1, turns=1)
SHORT_LEASE_S, SLOW_S = 2.0, 4.0
AWAY_S = 2.0
FULL_S = 4.0


def begun(here: Installation) -> None:
    """Work that is in its middle."""
    here.worker()
    here.fill(LOAD)
    here.wait_made(LOAD.calls // 4)


@pytest.mark.postgres
def test_a_postgresql_that_is_restarted_costs_no_call(folder: Path, conclude: Conclude) -> None:
    with private_cluster() as cluster:
        migrate(folder, cluster.url)
        with installation("postgres", folder, cluster.url, EVALHUB_CONCURRENCY="6") as here:
            begun(here)
            cluster.stop()
            time.sleep(AWAY_S)
            cluster.ensure_started()
            here.ends()
            assert here.server.seen().longest_pause >= AWAY_S, "nobody noticed"
            conclude("PostgreSQL restarted", here)


@pytest.mark.postgres
def test_an_outage_longer_than_a_lease_takes_no_run_from_a_living_worker(folder: Path, conclude: Conclude) -> None:
    """Two workers with free places, and a call that is open all the while: neither may take it for given up when the database is back."""
    with private_cluster() as cluster:
        migrate(folder, cluster.url)
        lease = {"EVALHUB_LEASE_SECONDS": str(SHORT_LEASE_S)}
        with installation("postgres", folder, cluster.url, latency=SLOW_S, **lease) as here:
            here.worker()
            here.worker()
            here.fill(ONE)
            here.wait_made(2)
            cluster.stop()
            time.sleep(SLOW_S - 0.5)
            cluster.ensure_started()
            here.ends()
            assert here.number("SELECT count(*) FROM runs_runevent WHERE type = 'run_started'") == 1, here.said()
            conclude("PostgreSQL away for longer than a lease", here)


def test_a_full_disk_under_sqlite_costs_no_call(conclude: Conclude) -> None:
    with small_disk(16) as disk:
        migrate(disk / "data")
        with installation("sqlite", disk / "data", "", EVALHUB_CONCURRENCY="6") as here:
            begun(here)
            with full(disk):
                time.sleep(FULL_S)
            here.ends()
            conclude("disk full", here)


@pytest.mark.postgres
def test_a_full_disk_under_postgresql_costs_no_call(folder: Path, conclude: Conclude) -> None:
    with small_disk(128) as disk, private_cluster(disk) as cluster:
        migrate(folder, cluster.url)
        with installation("postgres", folder, cluster.url, EVALHUB_CONCURRENCY="6") as here:
            begun(here)
            with full(disk):
                time.sleep(FULL_S)
            cluster.ensure_started()
            here.ends()
            conclude("disk full", here)
