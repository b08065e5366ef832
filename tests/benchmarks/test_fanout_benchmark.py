"""The benchmark of open pages runs, small; how fast it must be is for a quiet machine and the full size."""

import re

import pytest

from tests.benchmarks import fanout
from tests.benchmarks.fanout import Measured, Seen


def test_every_event_reaches_every_page_and_stream_once(capsys: pytest.CaptureFixture[str]) -> None:
    measured = fanout.measure("sqlite", sse=3, ws=3, rate=10, seconds=1)
    assert [(seen.protocol, seen.watchers, seen.wrong, len(seen.delays)) for seen in measured.seen] == [("sse", 3, 0, 33), ("ws", 3, 0, 33)]
    assert measured.events == 11
    assert 0 < measured.clients_cpu_s < measured.wall_s
    assert 0 < measured.writer_cpu_s < measured.wall_s
    assert min(seen.delays[0] for seen in measured.seen) > 0
    fanout.say(measured)
    printed = capsys.readouterr().out
    told = r"3 watchers +p50 +\d+\.\d ms +p99 +\d+\.\d ms +max +\d+\.\d ms +\d+ bytes an event +nothing lost, nothing twice"
    assert len(re.findall(told, printed)) == 2


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        (Seen("sse", 500, [40.0] * 98 + [249.0] * 2, 0), True),
        (Seen("sse", 500, [40.0] * 98 + [251.0] * 2, 0), False),
        (Seen("ws", 500, [40.0], 1), False),
        (Seen("ws", 1, [60.0], 0), False),
        (Seen("ws", 1, [49.0], 0), True),
    ],
    ids=["soon enough", "too late", "one lost something", "alone and too late", "alone and soon enough"],
)
def test_it_says_whether_pages_are_as_live_as_they_are_to_be(seen: Seen, kept: bool) -> None:
    assert fanout.say(Measured("sqlite", [seen], 1.0, 10.0, 100.0, 100)) is kept


def test_an_event_that_is_missing_or_comes_twice_is_counted_against_its_watcher() -> None:
    came = [[[0, 1.5], [1, 2.5]], [[0, 1.5]], [[0, 1.5], [1, 2.5], [1, 2.6]], [[1, 2.5], [0, 1.5]]]
    watchers = [{"came": each, "size": 4000} for each in came]
    seen = fanout._seen("ws", watchers, {0: 1.0, 1: 2.0})
    assert (seen.wrong, seen.bytes_each) == (3, 2000.0)
