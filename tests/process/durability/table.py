"""One line a scenario: what was lost, what was asked again, how long nothing happened. Printed at the end of the session."""

from dataclasses import dataclass, field

from tests.process.durability.installation import Installation
from tests.process.durability.invariants import check

COLUMNS = ("scenario", "database", "runs", "calls needed", "made", "in flight at kills", "repeated", "longest pause s", "verdict")


@dataclass(slots=True)
class Table:
    """`conclude` ends a scenario: checks everything, and writes the line either way."""

    lines: list[tuple[str, ...]] = field(default_factory=list)

    def conclude(self, scenario: str, here: Installation, pause: float | None = None) -> None:
        """`pause` is the longest wait from a kill to the next call, where the test measured it; else the longest between two calls."""
        verdict = "broken"
        try:
            check(here)
            verdict = "holds"
        finally:
            seen = here.server.seen()
            quiet = seen.longest_pause if pause is None else pause
            numbers = (here.load.runs, here.load.calls, seen.made, here.in_flight, seen.repeated)
            self.lines.append((scenario, here.kind, *map(str, numbers), f"{quiet:.1f}", verdict))

    def text(self) -> str:
        lines = [COLUMNS, *self.lines]
        widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
