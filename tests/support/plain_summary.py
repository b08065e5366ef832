"""The summary of a batch as somebody works it out who reads every child: what the database's is held against."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.common.statistics import mean_of, rate_of
from runs.models import Batch, Trial


def plain_summary(batch: Batch, most_subjects: int) -> Mapping[str, Any]:
    """{overall, by_target, by_subject}, with the figures of runs.batches.summary but for intervals."""
    trials = list(Trial.objects.filter(batch=batch).select_related("run").order_by("position"))
    subjects = sorted({trial.subject_index for trial in trials})
    worst = sorted(subjects, key=lambda index: (-sum(_is_bad(one) for one in trials if one.subject_index == index), index))
    return {
        "overall": figures(trials),
        "by_target": {
            index: figures([one for one in trials if one.target_index == index]) for index in {trial.target_index for trial in trials}
        },
        "by_subject": [(index, figures([one for one in trials if one.subject_index == index])) for index in worst[:most_subjects]],
    }


def _is_bad(trial: Trial) -> bool:
    return trial.passed is False or trial.run.status == "failed"


def figures(trials: Sequence[Trial]) -> dict[str, Any]:
    runs = [trial.run for trial in trials]
    judged = [trial.passed for trial in trials if trial.passed is not None]
    scores = [trial.score for trial in trials if trial.score is not None]
    latencies = sorted(trial.latency_ms for trial in trials if trial.latency_ms is not None)
    rate, mean = rate_of(sum(judged), len(judged)), mean_of(scores)
    reasons = Counter(trial.first_reason or trial.run.error_code or "not_told" for trial in trials if _is_bad(trial))
    return {
        "n": len(trials),
        **{status: sum(run.status == status for run in runs) for status in ("completed", "failed", "cancelled", "interrupted")},
        "judged": len(judged),
        "passed": sum(judged),
        "pass_rate": round(rate.value, 4) if rate else None,
        "scored": len(scores),
        "unscored": sum(trial.run.status == "completed" and trial.score is None and bool(trial.run.judge_model) for trial in trials),
        "mean_score": round(mean.value, 2) if mean else None,
        "latency_p50_ms": latencies[(len(latencies) * 50 + 99) // 100 - 1] if latencies else None,
        "latency_p95_ms": latencies[(len(latencies) * 95 + 99) // 100 - 1] if latencies else None,
        "cost_usd": round(float(sum(run.simulation_cost_usd + run.evaluation_cost_usd for run in runs)), 6),
        "unpriced_calls": sum(run.unpriced_calls for run in runs),
        "reasons": dict(reasons),
    }
