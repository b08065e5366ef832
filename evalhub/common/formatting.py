"""How numbers and times are said to people, the same in pages, live updates and the command. Plain functions of their arguments."""

from datetime import datetime
from decimal import Decimal

MINUTE, HOUR, DAY = 60, 3600, 86400
SMALLEST_SHOWN = Decimal("0.0001")


def duration(seconds: float) -> str:
    """Two units at most: `45s`, `3m 12s`, `1h 04m`, `2d 3h`."""
    whole = max(int(seconds), 0)
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"


def milliseconds(seconds: float) -> str:
    """A delay: `4 ms`, `250 ms`, and `1.2 s` from a second on."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def ago(then: datetime, now: datetime) -> str:
    """`just now`, `3 minutes ago`, `yesterday`, and the date from a week on. static/js/page.js says it in the same words."""
    seconds = (now - then).total_seconds()
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{_counted(seconds / MINUTE, 'minute')} ago"
    if seconds < DAY:
        return f"{_counted(seconds / HOUR, 'hour')} ago"
    if seconds < 2 * DAY:
        return "yesterday"
    return f"{_counted(seconds / DAY, 'day')} ago" if seconds < 7 * DAY else f"{then.day} {then:%b %Y}"


def _counted(amount: float, unit: str) -> str:
    return f"{int(amount)} {unit}{'' if int(amount) == 1 else 's'}"


def usd(amount: Decimal | float) -> str:
    """`$0.0123`; four places, since one call costs less than a cent. A price too small for them is not shown as nothing."""
    exact = Decimal(str(amount))
    if 0 < exact < SMALLEST_SHOWN:
        return "< $0.0001"
    return f"${exact:,.2f}" if exact >= 100 else f"${exact:.4f}"


def dollars(amount: Decimal | float) -> str:
    """An amount that people set or plan with: `$25.00`; with four places below a dollar, as `usd` has them."""
    exact = Decimal(str(amount))
    return f"${exact:,.2f}" if exact >= 1 or exact == 0 else usd(exact)


def rate(amount: Decimal) -> str:
    """A price a million tokens, as it was set: `$0.15`, `$100`."""
    return f"${amount.normalize():f}"


def between(low: int, high: int) -> str:
    """A range of counts: `12–18`, and `12` where both ends are the same."""
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def dollars_between(low: Decimal, high: Decimal) -> str:
    """A range of prices, to two significant digits: it is an estimate, and looks like one."""
    least, most = _rough(low), _rough(high)
    return least if least == most else f"{least}–{most}"


def _rough(amount: Decimal) -> str:
    if amount >= 10 or amount == 0:
        return f"${amount:,.0f}"
    return usd(amount) if amount < SMALLEST_SHOWN else f"${Decimal(f'{amount:.2g}'):f}"


def score(value: float) -> str:
    """A score on the scale of 0 to 100, with one decimal where it has one."""
    return f"{value:.1f}".removesuffix(".0")


def scores_between(low: float, high: float) -> str:
    """The interval of a mean: `21.5–100`. Both ends are told even where they are the same."""
    return f"{score(low)}–{score(high)}"


def percent(share: float) -> str:
    """A share from 0 to 1 as whole per cent: `67 %`. What is neither none nor all is never shown as such."""
    whole = round(100 * share)
    if whole in (0, 100) and 0 < share < 1:
        return "> 99 %" if whole else "< 1 %"
    return f"{whole} %"


def percents_between(low: float, high: float) -> str:
    """A range of shares: `51–78 %`."""
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def signed(value: float) -> str:
    """A difference of scores, with its sign: `+4.2`, `−1`, `0`."""
    text = score(abs(value))
    if float(text) == 0:
        return "0"
    return f"+{text}" if value > 0 else f"\N{MINUS SIGN}{text}"


def signed_between(low: float, high: float) -> str:
    """The interval of a difference: `−3 to +43.5`."""
    return f"{signed(low)} to {signed(high)}"


def gap(minutes: int) -> str:
    """How far the simulated clock moved between two sessions: `24 h later`, `3 days later`; "" when it did not move."""
    if minutes <= 0:
        return ""
    if minutes < 60:
        return f"{minutes} min later"
    hours = minutes / 60
    if hours >= 48:
        return f"{hours / 24:.1f} days later".replace(".0 ", " ")
    return f"{hours:.1f} h later".replace(".0 ", " ")


def simulated(minutes: int) -> str:
    """The length of simulated time: `26 min`, `4.2 days`."""
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.1f} h".replace(".0 ", " ")
    return f"{minutes / 1440:.1f} days".replace(".0 ", " ")
