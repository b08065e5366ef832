"""What came of a batch, added up by the database when the batch ends: overall, by target, and by what was asked.

Memory does not grow with the number of children: rows that come back are one a target, one a subject that is shown, or one a reason.

    {overall: FIGURES, by_target: [{index, label, key} + FIGURES], by_subject: [{index, ref, label, group, eval_type} + FIGURES],
     subjects: how many there are, brands: [BRAND], brands_by_target: [{index, answers, brands: [BRAND]}]}
    FIGURES {n, completed, failed, cancelled, interrupted, judged, passed, pass_rate, pass_low, pass_high, scored, unscored, mean_score,
     score_half_width, score_low, score_high, latency_p50_ms, latency_p95_ms, cost_usd, unpriced_calls, reasons: [[reason, children]]}
    BRAND {brand_id, brand, is_own, answers, mention_rate, mentions, share_of_voice, mean_rank}

Rates are from 0 to 1, with Wilson's interval, of the children that were judged; scores from 0 to 100, with Student's; both 95 %. A child
that failed for want of an answer is no zero: it is counted beside. The subjects with the most failures come first, MOST_SUBJECTS of them.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Avg, BigIntegerField, Case, CharField, Count, F, Func, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import Cast, Coalesce, RowNumber

from evalhub.common.statistics import Sums, rate_of
from runs.models import Batch, BatchSubject, Mention, Trial
from runs.models.batch import BatchQuerySet
from runs.states import Status
from templates_app.models import SourceType

MOST_SUBJECTS, MOST_REASONS = 500, 10
PER = 1000  # scores are added up as whole thousandths
PERCENTILES = {"latency_p50_ms": 50, "latency_p95_ms": 95}
ENDS = (Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.INTERRUPTED)
UNTOLD = "not_told"
Figures = dict[str, Any]
SUMMED = ("n", *ENDS, "judged", "passed", "scored", "unscored", "score_sum", "score_squares", "cost", "unpriced_calls")


def summarize(batch_id: uuid.UUID) -> dict[str, Any]:
    """The summary as above; {} for a batch that is gone."""
    batch = _few(Batch.objects.filter(pk=batch_id)).first()
    if batch is None:
        return {}
    trials = Trial.objects.filter(batch=batch).order_by()
    by_target = _figures(trials, "target_index")
    worst = _worst(trials)
    by_subject = _figures(trials.filter(subject_index__in=worst), "subject_index") if worst else {}
    said: dict[str, Any] = {
        "overall": _overall(trials, by_target),
        "by_target": [_of_target(batch, index, by_target[index]) for index in sorted(by_target)],
        "by_subject": _of_subjects(batch, worst, by_subject),
        "subjects": batch.eval_count,
    }
    if batch.source_type == SourceType.PROMPTS:
        said |= _brands(batch, by_target)
    return said


def _few(batches: BatchQuerySet) -> BatchQuerySet:
    return batches.only("targets", "source_type", "eval_count")


def _overall(trials: "QuerySet[Trial]", by_target: Mapping[int, Figures]) -> Figures:
    """The targets' sums together; only percentiles cannot be added up."""
    sums = {name: sum(figures["sums"][name] for figures in by_target.values()) for name in SUMMED}
    reasons: dict[str, int] = {}
    for figures in by_target.values():
        for reason, times in figures["all_reasons"]:
            reasons[reason] = reasons.get(reason, 0) + times
    return _shown({**sums, **_percentiles(trials, None).get(None, {}), "reasons": sorted(reasons.items(), key=lambda item: -item[1])})


def _of_target(batch: Batch, index: int, figures: Figures) -> Figures:
    target = batch.targets[index]
    return {"index": index, "label": target["label"], "key": target["key"], **figures["shown"]}


def _of_subjects(batch: Batch, worst: Sequence[int], figures: Mapping[int, Figures]) -> list[Figures]:
    columns = ("index", "ref", "label", "group", "eval_type")
    rows = {row["index"]: row for row in BatchSubject.objects.filter(batch=batch, index__in=worst).values(*columns)}
    return [{**rows[index], "ref": str(rows[index]["ref"]), **figures[index]["shown"]} for index in worst if index in rows]


# By one column of the trials


def _figures(trials: "QuerySet[Trial]", by: str) -> dict[int, Figures]:
    """Three queries: sums, percentiles, reasons."""
    sums = {row.pop(by): row for row in trials.values(by).annotate(**_sums())}
    percentiles, reasons = _percentiles(trials, by), _reasons(trials, by)
    found = {}
    for index, row in sums.items():
        why = reasons.get(index, [])
        shown = _shown({**row, **percentiles.get(index, {}), "reasons": why})
        found[index] = {"sums": row, "all_reasons": why, "shown": shown}
    return found


def _sums() -> dict[str, Any]:
    thousandths = Cast(Func(F("score") * PER, function="ROUND"), BigIntegerField())
    done = Q(run__status=Status.COMPLETED)
    return {
        "n": Count("pk"),
        **{status.value: Count("pk", filter=Q(run__status=status)) for status in ENDS},
        "judged": Count("passed"),
        "passed": Count("pk", filter=Q(passed=True)),
        "scored": Count("score"),
        "unscored": Count("pk", filter=done & Q(score=None) & ~Q(run__judge_model="")),
        "score_sum": Coalesce(Sum(thousandths), 0),
        "score_squares": Coalesce(Sum(thousandths * thousandths), 0, output_field=BigIntegerField()),
        "cost": Coalesce(Sum(F("run__simulation_cost_usd") + F("run__evaluation_cost_usd")), Value(Decimal(0))),
        "unpriced_calls": Coalesce(Sum("run__unpriced_calls"), 0),
    }


def _shown(row: Mapping[str, Any]) -> Figures:
    rate = rate_of(row["passed"], row["judged"])
    mean = Sums(row["scored"], int(row["score_sum"]), int(row["score_squares"]), PER).mean
    low, high = (mean and mean.interval) or (None, None)
    return {
        "n": row["n"],
        **{status.value: row[status.value] for status in ENDS},
        "judged": row["judged"],
        "passed": row["passed"],
        "pass_rate": _rounded(rate.value, 4) if rate else None,
        "pass_low": _rounded(rate.low, 4) if rate else None,
        "pass_high": _rounded(rate.high, 4) if rate else None,
        "scored": row["scored"],
        "unscored": row["unscored"],
        "mean_score": _rounded(mean.value, 2) if mean else None,
        "score_half_width": _rounded(mean.half_width, 2) if mean else None,
        "score_low": _rounded(low, 2),
        "score_high": _rounded(high, 2),
        **{name: row.get(name) for name in PERCENTILES},
        "cost_usd": _rounded(row["cost"], 6),
        "unpriced_calls": row["unpriced_calls"],
        "reasons": [list(item) for item in row["reasons"][:MOST_REASONS]],
    }


def _rounded(value: Any, places: int) -> float | None:
    return None if value is None else round(float(value), places)


def _percentiles(trials: "QuerySet[Trial]", by: str | None) -> dict[int | None, dict[str, int]]:
    """The nearest rank: the smallest latency that so many percent of the children do not exceed."""
    partition = [F(by)] if by else None
    ranked = trials.filter(latency_ms__isnull=False).annotate(
        place=Window(RowNumber(), order_by=[F("latency_ms").asc(), F("pk").asc()], partition_by=partition),
        many=Window(Count("pk"), partition_by=partition),
    )
    wanted = Q()
    for percent in PERCENTILES.values():
        wanted |= Q(place=_rank(percent))
    found: dict[int | None, dict[str, int]] = {}
    for row in ranked.filter(wanted).values("place", "many", "latency_ms", *([by] if by else [])):
        for name, percent in PERCENTILES.items():
            if row["place"] == (row["many"] * percent + 99) // 100:
                found.setdefault(row[by] if by else None, {})[name] = row["latency_ms"]
    return found


def _rank(percent: int) -> Any:
    return (F("many") * percent + 99) / 100


def _reasons(trials: "QuerySet[Trial]", by: str) -> dict[int, list[tuple[str, int]]]:
    """Why children failed or did not pass, the commonest first: the trial's weightiest reason, else the code its run ended with."""
    told = Case(
        When(~Q(first_reason=""), then=F("first_reason")),
        When(~Q(run__error_code=""), then=F("run__error_code")),
        default=Value(UNTOLD),
        output_field=CharField(),
    )
    bad = Q(passed=False) | Q(run__status=Status.FAILED)
    rows = trials.filter(bad).annotate(why=told).values_list(by, "why").annotate(times=Count("pk")).order_by("-times", "why")
    found: dict[int, list[tuple[str, int]]] = {}
    for index, why, times in rows:
        found.setdefault(index, []).append((why, times))
    return found


def _worst(trials: "QuerySet[Trial]") -> list[int]:
    """Numbers of the subjects that are shown: those with the most children that failed or did not pass, then in their order."""
    bad = Count("pk", filter=Q(passed=False) | Q(run__status=Status.FAILED))
    rows = trials.values_list("subject_index").annotate(bad=bad).order_by("-bad", "subject_index")
    return [index for index, _ in rows[:MOST_SUBJECTS]]


# Brands in the answers to prompts


def _brands(batch: Batch, by_target: Mapping[int, Figures]) -> dict[str, Any]:
    """How many of the answers name each brand, and its share of all mentions."""
    answers = {index: figures["sums"][Status.COMPLETED.value] for index, figures in by_target.items()}
    mentions = Mention.objects.filter(run__batch=batch).order_by()
    named = {"answers": Count("run", distinct=True), "mentions_of": Sum("count"), "mean_rank": Avg("rank")}
    columns = ("brand_id", "brand", "is_own")
    by: dict[int, list[Mapping[str, Any]]] = {}
    for row in mentions.values(*columns, "run__trial__target_index").annotate(**named):
        by.setdefault(row["run__trial__target_index"], []).append(row)
    return {
        "brands": _brand_rows(list(mentions.values(*columns).annotate(**named)), sum(answers.values())),
        "brands_by_target": [
            {"index": index, "answers": answers[index], "brands": _brand_rows(by.get(index, []), answers[index])}
            for index in sorted(answers)
        ],
    }


def _brand_rows(rows: Iterable[Mapping[str, Any]], answers: int) -> list[dict[str, Any]]:
    listed = sorted(rows, key=lambda row: (-row["answers"], row["brand"]))
    everything = sum(row["mentions_of"] for row in listed)
    return [
        {
            "brand_id": str(row["brand_id"]),
            "brand": row["brand"],
            "is_own": row["is_own"],
            "answers": row["answers"],
            "mention_rate": _rounded(row["answers"] / answers, 4) if answers else None,
            "mentions": row["mentions_of"],
            "share_of_voice": _rounded(row["mentions_of"] / everything, 4) if everything else None,
            "mean_rank": _rounded(row["mean_rank"], 2),
        }
        for row in listed
    ]
