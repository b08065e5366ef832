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
