"""What faults cost: conversations against a model server that fails by chance. `python -m tests.benchmarks.faults`, five to ten minutes.

A worker process with default settings (only its concurrency is raised) and a mock model server with 10 % 429, 5 % 500, 2 % broken JSON and
1 % answers that never come. Prints how many conversations end scored and how many calls that took.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.conversations import CALLS, TURNS, conversations
from tests.process.running import Started, told
from tests.support.mock_faults import Mix
from tests.support.mock_thread import mock_server

# Of the broken JSON, half of a judge's is broken inside a whole body: what the model wrote, not what the server sent.
RATES = {"429": 0.10, "500": 0.05, "broken-json": 0.01, "cut-answer": 0.01, "hang": 0.01}
PATIENCE_S = 1800.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the conversations. `stored` is `conversations.wait`'s answer, `made` and `faults` are what the server counted."""

    stored: Mapping[str, Any]
    made: int
    faults: Mapping[str, int]
    wall_s: float

    @property
    def needed(self) -> int:
        return CALLS * int(self.stored["runs"])


def drive(count: int, *, seed: int, patience_s: float = PATIENCE_S, **settings: str) -> Outcome:
    """`count` conversations from pending to final, by one real worker on an empty database: SQLite unless `settings` name another."""
    with tempfile.TemporaryDirectory(prefix="evalhub-faults-") as name, mock_server() as server:
        server.script.mix, server.user_turns = Mix(seed, RATES), TURNS
        folder = Path(name)
        environment = {"EVALHUB_DATA_DIR": name, "OPENAI_API_KEY": "sk-mock", "OPENAI_BASE_URL": server.openai_url, **settings}
        conversations("make", str(count), environment=told(environment))
        worker = Started("worker", folder=folder, **environment)
        try:
            worker.line("evalhub: ready")
            began = time.monotonic()
            stored = conversations("wait", str(patience_s), environment=told(environment))
            return Outcome(stored, len(server.requests), dict(server.faults), time.monotonic() - began)
        finally:
            worker.stop()


def report(outcome: Outcome) -> str:
    stored = outcome.stored
    faults = ", ".join(f"{kind} {number}" for kind, number in sorted(outcome.faults.items()) if kind)
    lines = [
        f"scored               {stored['scored']} of {stored['runs']}",
        f"calls needed         {outcome.needed}",
        f"calls made           {outcome.made}",
        f"overhead in calls    {outcome.made / outcome.needed - 1:.1%}",
        f"calls stored         {stored['calls']}, of them failed {stored['failed_calls']}",
        f"faults               {faults}",
        f"costs = sum of calls {stored['balanced']} of {stored['runs']}",
        f"wall                 {outcome.wall_s:.0f} s",
        *(f"not scored           {reason}: {number}" for reason, number in stored["reasons"].items()),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Conversations against a model server that fails by chance.")
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    ours = [name for name in os.environ if name.startswith("EVALHUB_MODEL_")]
    if ours:
        parser.error(f"this measures the defaults; unset {', '.join(ours)}")
    print(report(drive(given.conversations, seed=given.seed, EVALHUB_CONCURRENCY="200")), flush=True)


if __name__ == "__main__":
    main()
