"""How people write how far back they look."""

from datetime import UTC, datetime, timedelta

import pytest

from runs.batches.since import EARLIEST, since_read

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20d", NOW - timedelta(days=20)),
        ("72h", NOW - timedelta(hours=72)),
        ("30m", NOW - timedelta(minutes=30)),
        (" 2w ", NOW - timedelta(weeks=2)),
        ("0d", NOW),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01 10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("999999999d", EARLIEST),
        ("999999999w", EARLIEST),
        ("0001-01-01T00:00:00+14:00", EARLIEST),
    ],
)
def test_it_reads_spans_and_moments(text: str, meant: datetime) -> None:
    assert since_read(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "20", "d", "-3d", "3 d", "1y", "yesterday", "9999999999d", "2026-13-01", "\x00", "\u0661d"])
def test_it_refuses_the_rest_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="Must be a span such as 20d"):
        since_read(text, NOW)
