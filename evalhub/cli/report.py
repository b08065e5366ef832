"""What a person sees of results in the terminal: tables on stdout, a progress bar on stderr. Reads runs as the API sends them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from evalhub.cli.summary import Summary, unpriced_calls

DEMO = "Scored by the demo judge: text measures, not a model's judgement."


def bar(*more: ProgressColumn) -> Progress:
    """On stderr, so that stdout holds results only; gone when it is done, and silent in a log file. `more` stand behind the count."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), *more)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def progress_bar() -> Progress:
    """Of conversations. `cost` is a field of its tasks."""
    return bar(TextColumn("${task.fields[cost]:.4f}"), TimeElapsedColumn())


def result_console() -> Console:
    return Console(highlight=False, markup=False)


def print_run(run: Mapping[str, Any], address: str) -> None:
    """Scores by category, then costs. What was not scored is said, with the reason."""
    console = result_console()
    console.print(
        f"{run['agent_name']}: {run['status']}, {_count(run['total_turns'], 'turn')} in {_count(run['total_sessions'], 'session')}"
    )
    for title, result in (("Quality", run["evaluation_result"]), ("Adaptation", run["adaptation_result"])):
        if result:
            console.print(_scores(title, result))
    if any(result.get("demo") for result in (run["evaluation_result"], run["adaptation_result"])):
        console.print(DEMO)
    console.print(_costs(run))
    if unpriced := unpriced_calls(run):
        console.print(f"Without {_count(unpriced, 'call')} whose price is unknown.")
    console.print(address, soft_wrap=True)


def _scores(title: str, result: Mapping[str, Any]) -> Table:
    table = Table(title=f"{title}: {score_text(result.get('score'))}", title_justify="left")
    table.add_column("Category")
    table.add_column("Score", justify="right")
    table.add_column("Weight", justify="right")
    table.add_column("Note")
    for item in result.get("categories") or []:
        table.add_row(item["label"], _number(item.get("score")), f"{item.get('weight', 1):g}", item.get("unscored_reason") or "")
    if result.get("unscored_reason"):
        table.caption = str(result["unscored_reason"])
    return table


def _costs(run: Mapping[str, Any]) -> Table:
    table = Table(title="Costs", title_justify="left")
    for heading in ("Simulation", "Evaluation", "Total"):
        table.add_column(heading, justify="right")
    unpriced = unpriced_calls(run)
    # Which part the unpriced calls belong to is not told: only the page, which has the calls, can say it.
    parts = [_dollars(run[key], unpriced, unknown="not known") for key in ("simulation_cost_usd", "evaluation_cost_usd")]
    table.add_row(*parts, _dollars(run["total_cost_usd"], unpriced))
    return table


def _dollars(cost: float, unpriced: int, unknown: str = "unpriced") -> str:
    """An unknown price is said, never shown as nothing."""
    return unknown if unpriced and not cost else f"${cost:.4f}"


def print_summary(summary: Summary) -> None:
    """Means with their 95 % intervals; beside them what is not in them."""
    console = result_console()
    table = Table(title=f"{_count(summary.conversations, 'conversation')}, {summary.completed} completed", title_justify="left")
    table.add_column("Score")
    table.add_column("Mean (95 % interval)", justify="right")
    table.add_column("n", justify="right")
    for label, mean in summary.means():
        table.add_row(label, str(mean) if mean else "unscored", str(mean.n if mean else 0))
    console.print(table)
    if summary.demo:
        console.print(DEMO)
    for line in _beside(summary):
        console.print(line, soft_wrap=True)


def _beside(summary: Summary) -> Iterator[str]:
    beside = f" (without {_count(summary.unpriced, 'call')} whose price is unknown)" if summary.unpriced else ""
    yield f"Cost: {_dollars(summary.cost_usd, summary.unpriced)}{beside}"
    if summary.unscored:
        yield f"Unscored: {summary.unscored}; they are in no mean."
    if summary.failed:
        yield f"Failed: {len(summary.failed)}"
        yield from _reasons(summary.failed)


def _reasons(failed: Sequence[tuple[int, str]]) -> Iterator[str]:
    for line, reason in failed:
        yield f"  line {line}: {reason}"


def score_text(score: float | None) -> str:
    return "unscored" if score is None else f"{score:.1f} / 100"


def _number(score: float | None) -> str:
    return "unscored" if score is None else f"{score:.1f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
