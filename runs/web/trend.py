"""Scores of an agent's newest runs as pictures: their course for a row of the list, and the mean of the last few with its interval."""

from evalhub.common.charts import Line, Sample, line, sparkline
from evalhub.common.formatting import score
from evalhub.common.statistics import mean_of
from runs.agent_figures import Figures, Ran

WINDOW = 5  # runs that one mean of the line is of


def course(key: str, figures: Figures) -> Line:
    """Every score, oldest first."""
    samples = [Sample(_when(run, figures), run.score) for run in figures.scored]
    return sparkline(key=key, title="Scores of the newest runs", samples=samples)


def trend(figures: Figures) -> Line:
    """At each run the mean of it and of up to four before it: single scores jump, and what matters is where they go."""
    scores, samples = figures.scores, []
    for number, run in enumerate(figures.scored):
        mean = mean_of(scores[max(number + 1 - WINDOW, 0) : number + 1])
        low, high = (mean and mean.interval) or (None, None)
        samples.append(Sample(_when(run, figures), mean.value if mean else None, low, high, note=f"this run {score(scores[number])}"))
    return line(
        key="trend", title="Mean score of five runs at a time", samples=samples, head=("Up to the run of", "Mean (95 % interval)", "Score")
    )


def _when(run: Ran, figures: Figures) -> str:
    """The day; the time where all of them are of one day, so that labels along the line stay short."""
    days = {other.created_at.date() for other in figures.scored}
    return f"{run.created_at:%d %b}" if len(days) > 1 else f"{run.created_at:%H:%M}"
