"""What came of a batch, added up by the database when the batch ends: overall, by target, and by what was asked.

Memory hardly grows with the number of children: rows that come back are one a reason and one a latency of a target, or of a subject that is
shown. All children's runs are read only once, since theirs are the wide rows.

    {overall: FIGURES, by_target: [{index, label, key} + FIGURES], by_subject: [{index, ref, label, group, eval_type} + FIGURES],
     subjects: how many there are, brands: [BRAND], brands_by_target: [{index, answers, brands: [BRAND]}]}
    FIGURES {n, completed, failed, cancelled, interrupted, judged, passed, pass_rate, pass_low, pass_high, scored, unscored, mean_score,
     score_half_width, score_low, score_high, latency_p50_ms, latency_p95_ms, cost_usd, unpriced_calls, reasons: [[reason, children]]}
    BRAND {brand_id, brand, is_own, answers, mention_rate, mentions, share_of_voice, mean_rank}

Rates are from 0 to 1, with Wilson's interval, of the children that were judged; scores from 0 to 100, with Student's; both 95 %. A child
that failed for want of an answer is no zero: it is counted beside. The subjects with the most failures come first, MOST_SUBJECTS of them.
"""

import uuid
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Case, CharField, Count, F, Func, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce

from evalhub.common.sql import sql_value
from evalhub.common.statistics import Sums, rate_of
from runs.models import Batch, BatchSubject, EvalRun, Mention, Trial
from runs.models.batch import BatchQuerySet
from runs.states import Status
from templates_app.models import SourceType

MOST_SUBJECTS, MOST_REASONS = 500, 10
PER = 1000  # scores are added up as whole thousandths
PERCENTILES = {"latency_p50_ms": 50, "latency_p95_ms": 95}
ENDS = (Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.INTERRUPTED)
UNTOLD = "not_told"
BAD = Q(passed=False) | Q(run__status=Status.FAILED)
Figures = dict[str, Any]
Brand = tuple[uuid.UUID, str, bool]
SUMMED = ("n", *ENDS, "judged", "passed", "scored", "unscored", "score_sum", "score_squares", "cost", "unpriced_calls")


def summarize(batch_id: uuid.UUID) -> dict[str, Any]:
    """The summary as above; {} for a batch that is gone."""
    batch = _few(Batch.objects.filter(pk=batch_id)).first()
    if batch is None:
        return {}
    trials = Trial.objects.filter(batch=batch).order_by()
    by_target = _figures(trials, "target_index")
    worst = _worst(batch)
    by_subject = _figures(trials.filter(subject_index__in=worst), "subject_index") if worst else {}
    said: dict[str, Any] = {
        "overall": _overall(by_target),
        "by_target": [_of_target(batch, index, by_target[index]) for index in sorted(by_target)],
        "by_subject": _of_subjects(batch, worst, by_subject),
        "subjects": batch.eval_count,
    }
    if batch.source_type == SourceType.PROMPTS:
        said |= _brands(batch, by_target)
    return said


def _few(batches: BatchQuerySet) -> BatchQuerySet:
    return batches.only("targets", "source_type", "eval_count")


def _overall(by_target: Mapping[int, Figures]) -> Figures:
    """The targets' together."""
    sums = {name: sum(figures["sums"][name] for figures in by_target.values()) for name in SUMMED}
    reasons: Counter[str] = Counter()
    latencies: Counter[int] = Counter()
    for figures in by_target.values():
        reasons.update(dict(figures["all_reasons"]))
        latencies.update(figures["latencies"])
    return _shown({**sums, **_percentiles(latencies), "reasons": sorted(reasons.items(), key=lambda item: -item[1])})


def _of_target(batch: Batch, index: int, figures: Figures) -> Figures:
    target = batch.targets[index]
    return {"index": index, "label": target["label"], "key": target["key"], **figures["shown"]}


def _of_subjects(batch: Batch, worst: Sequence[int], figures: Mapping[int, Figures]) -> list[Figures]:
    columns = ("index", "ref", "label", "group", "eval_type")
    rows = {row["index"]: row for row in BatchSubject.objects.filter(batch=batch, index__in=worst).values(*columns)}
    return [{**rows[index], "ref": str(rows[index]["ref"]), **figures[index]["shown"]} for index in worst if index in rows]


# By one column of the trials


def _figures(trials: "QuerySet[Trial]", by: str) -> dict[int, Figures]:
    """Two queries: sums with reasons, and latencies."""
    sums: dict[int, dict[str, Any]] = {}
    reasons: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for row in trials.values(by).annotate(why=_why(), **_sums()).values(by, "why", *SUMMED):
        index, why = row.pop(by), row.pop("why")
        sums[index] = {name: row[name] + sums[index][name] for name in SUMMED} if index in sums else row
        if why:
            reasons[index].append((why, row["n"]))
    latencies = _latencies(trials, by)
    return {index: _told(row, sorted(reasons[index], key=_commonest), latencies.get(index, Counter())) for index, row in sums.items()}


def _commonest(reason: tuple[str, int]) -> tuple[int, str]:
    return -reason[1], reason[0]


def _told(sums: Figures, reasons: Sequence[tuple[str, int]], latencies: Counter[int]) -> Figures:
    shown = _shown({**sums, **_percentiles(latencies), "reasons": reasons})
    return {"sums": sums, "all_reasons": reasons, "latencies": latencies, "shown": shown}


def _why() -> Case:
    """Why a child failed or did not pass: the trial's weightiest reason, else the code its run ended with. Empty for others."""
    return Case(
        When(BAD & ~Q(first_reason=""), then=F("first_reason")),
        When(BAD & ~Q(run__error_code=""), then=F("run__error_code")),
        When(BAD, then=Value(UNTOLD)),
        default=Value(""),
        output_field=CharField(),
    )


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


def _latencies(trials: "QuerySet[Trial]", by: str) -> dict[int, Counter[int]]:
    """How often each was there."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for index, latency, times in trials.filter(latency_ms__isnull=False).values_list(by, "latency_ms").annotate(Count("pk")):
        found[index][latency] = times
    return found


def _percentiles(latencies: Counter[int]) -> dict[str, int]:
    """The nearest rank: the smallest latency that so many percent of the children do not exceed."""
    ordered = sorted(latencies)
    places = list(accumulate(latencies[latency] for latency in ordered))
    if not ordered:
        return {}
    return {name: ordered[bisect_left(places, (places[-1] * percent + 99) // 100)] for name, percent in PERCENTILES.items()}


def _worst(batch: Batch) -> list[int]:
    """Numbers of the subjects that are shown: those with the most children that failed or did not pass, then in their order.

    What failed is found by the runs' index of states: to look at every run costs most of all. Two queries at most.
    """
    runs, trials, key = EvalRun._meta.db_table, Trial._meta.db_table, sql_value(batch.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT subject_index FROM (
                    SELECT subject_index FROM {trials} WHERE batch_id = %s AND passed = FALSE
                    UNION ALL SELECT t.subject_index FROM {runs} AS r JOIN {trials} AS t ON t.run_id = r.id
                    WHERE r.batch_id = %s AND r.status = '{Status.FAILED.value}' AND t.passed IS NOT FALSE) AS bad
                GROUP BY subject_index ORDER BY count(*) DESC, subject_index LIMIT {MOST_SUBJECTS}""",  # noqa: S608  names of our tables
            [key, key],
        )
        worst = [index for (index,) in cursor.fetchall()]
    if len(worst) < MOST_SUBJECTS:
        others = Trial.objects.filter(batch=batch).exclude(subject_index__in=worst).order_by("subject_index")
        worst += others.values_list("subject_index", flat=True).distinct()[: MOST_SUBJECTS - len(worst)]
    return worst


# Brands in the answers to prompts


def _brands(batch: Batch, by_target: Mapping[int, Figures]) -> dict[str, Any]:
    """How many of the answers name each brand, and its share of all mentions. One query: an answer has a brand once."""
    answers = {index: figures["sums"][Status.COMPLETED.value] for index, figures in by_target.items()}
    rows = Mention.objects.filter(run__batch=batch).order_by().values_list("brand_id", "brand", "is_own", "run__trial__target_index")
    every: dict[Brand, Counter[str]] = defaultdict(Counter)
    by: dict[int, dict[Brand, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for key, name, own, target, *figures in rows.annotate(n=Count("pk"), mentions_of=Sum("count"), ranks=Sum("rank")):
        named = Counter(dict(zip(("answers", "mentions", "ranks"), figures, strict=True)))
        every[key, name, own] += named
        by[target][key, name, own] += named
    return {
        "brands": _brand_rows(every, sum(answers.values())),
        "brands_by_target": [
            {"index": index, "answers": answers[index], "brands": _brand_rows(by[index], answers[index])} for index in sorted(answers)
        ],
    }


def _brand_rows(named: Mapping[Brand, Counter[str]], answers: int) -> list[dict[str, Any]]:
    listed = sorted(named.items(), key=lambda item: (-item[1]["answers"], item[0][1]))
    everything = sum(figures["mentions"] for figures in named.values())
    return [
        {
            "brand_id": str(key),
            "brand": name,
            "is_own": is_own,
            "answers": figures["answers"],
            "mention_rate": _rounded(figures["answers"] / answers, 4) if answers else None,
            "mentions": figures["mentions"],
            "share_of_voice": _rounded(figures["mentions"] / everything, 4) if everything else None,
            "mean_rank": _rounded(figures["ranks"] / figures["answers"], 2),
        }
        for (key, name, is_own), figures in listed
    ]
