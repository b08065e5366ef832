"""How far back somebody wants to look, as they write it: 20d, 72h, or a moment. Plain Python."""

import re
from datetime import UTC, datetime, timedelta

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"([0-9]{1,9})([mhdw])")
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def since_read(text: str, now: datetime) -> datetime:
    """The moment meant, in UTC; one without a zone is taken for UTC's. Raises ValueError with a sentence."""
    found = _SPAN.fullmatch(text.strip())
    try:
        if found:
            return max(now - timedelta(**{UNITS[found[2]]: int(found[1])}), EARLIEST)
        moment = datetime.fromisoformat(text.strip())
        return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), EARLIEST)
    except OverflowError:
        return EARLIEST
    except ValueError:
        raise ValueError("Must be a span such as 20d or 72h, or an ISO time such as 2026-03-03T09:00:00Z.") from None
