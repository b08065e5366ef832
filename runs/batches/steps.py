"""The days of a window, told one by one or by week: the last step ends with the window, the oldest may be short."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property


@dataclass(frozen=True)
class Steps:
    """From the `first` to the `last` day, so many days at a time."""

    first: date
    last: date
    length: int

    @cached_property
    def days(self) -> list[date]:
        """The first day of each, the oldest first."""
        ends = range(0, (self.last - self.first).days + 1, self.length)  # days back from the last
        return [max(self.last - timedelta(days=back + self.length - 1), self.first) for back in reversed(ends)]

    def of(self, day: date) -> date:
        """The first day of the step that a day is in."""
        return self.days[max(len(self.days) - 1 - (self.last - day).days // self.length, 0)]
