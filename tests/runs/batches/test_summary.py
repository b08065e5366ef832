"""What a batch came to, added up by the database: checked against the same figures worked out by hand."""

import random
import statistics
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from evalhub.common.statistics import mean_of, rate_of
from runs.batches import summary
from runs.batches.summary import ENDS, summarize
from runs.models import Batch, EvalRun, Mention
from runs.states import Status
from tests import factories
from tests.batch_factories import batch, trial
from tests.support.plain_summary import figures, plain_summary

pytestmark = pytest.mark.django_db
TARGETS = ("demo/agent", "openai/gpt-4.1-mini")


@pytest.fixture
def judged() -> Batch:
    """Twenty subjects by two targets: the first target passes three in four, the second one in ten."""
    made = batch(project=factories.project(), subjects=[f"GET /{number}" for number in range(20)], targets=TARGETS)
    for number in range(20):
        good, fair = number % 4 != 0, number % 10 == 0
        trial(
            batch=made,
            subject=number,
            target=0,
            passed=good,
            reasons=[] if good else ["auth"],
            score=50.0 + number,
            latency_ms=100 * number,
        )
        trial(batch=made, subject=number, target=1, passed=fair, reasons=[] if fair else ["wrong_path"], score=10.25, latency_ms=7)
    return made


def test_by_target_it_has_rates_means_and_their_intervals(judged: Batch) -> None:
    first, second = summarize(judged.pk)["by_target"]
    rate, mean = rate_of(15, 20), mean_of([50.0 + number for number in range(20)])
    assert rate
    assert mean
    assert mean.half_width
    assert (first["label"], first["n"], first["judged"], first["passed"]) == ("demo/agent", 20, 20, 15)
    assert (first["pass_rate"], first["pass_low"], first["pass_high"]) == (0.75, round(rate.low, 4), round(rate.high, 4))
    assert (first["mean_score"], first["score_half_width"]) == (round(mean.value, 2), round(mean.half_width, 2))
    assert (first["latency_p50_ms"], first["latency_p95_ms"]) == (900, 1800)
    assert first["reasons"] == [["auth", 5]]
    assert (first["score_low"], first["score_high"]) == tuple(round(end, 2) for end in mean.interval or ())
    assert (second["passed"], second["mean_score"], second["score_half_width"], second["latency_p95_ms"]) == (2, 10.25, 0.0, 7)
    assert first["cost_usd"] == pytest.approx(0.04)


def test_overall_is_all_of_them_together(judged: Batch) -> None:
    whole = summarize(judged.pk)["overall"]
    scores = [50.0 + number for number in range(20)] + [10.25] * 20
    latencies = sorted([100 * number for number in range(20)] + [7] * 20)
    assert (whole["n"], whole["completed"], whole["passed"], whole["pass_rate"]) == (40, 40, 17, 0.425)
    assert whole["mean_score"] == round(statistics.fmean(scores), 2)
    assert (whole["latency_p50_ms"], whole["latency_p95_ms"]) == (latencies[19], latencies[37])
    assert whole["reasons"] == [["wrong_path", 18], ["auth", 5]]
    assert whole["cost_usd"] == pytest.approx(0.08)


def test_subjects_with_the_most_failures_come_first_and_so_many_only(judged: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    said = summarize(judged.pk)
    assert [row["index"] for row in said["by_subject"][:5]] == [4, 8, 12, 16, 0]
    assert said["by_subject"][0] | {} == said["by_subject"][0]
    assert (said["by_subject"][0]["label"], said["by_subject"][0]["passed"], said["subjects"]) == ("GET /4", 0, 20)
    monkeypatch.setattr(summary, "MOST_SUBJECTS", 3)
    assert [row["index"] for row in summarize(judged.pk)["by_subject"]] == [4, 8, 12]


def test_what_failed_or_is_unscored_is_no_zero() -> None:
    made = batch(project=factories.project(), subjects=["a", "b", "c", "d"], targets=TARGETS[:1])
    trial(batch=made, subject=0, score=80.0)
    trial(batch=made, subject=1, passed=None, latency_ms=None, run={"judge_model": "demo/judge"})
    trial(batch=made, subject=2, passed=None, status=Status.FAILED, latency_ms=None, run={"error_code": "model_refused"})
    trial(batch=made, subject=3, passed=None, status=Status.CANCELLED, latency_ms=None)
    whole = summarize(made.pk)["overall"]
    assert (whole["n"], whole["completed"], whole["failed"], whole["cancelled"]) == (4, 2, 1, 1)
    assert (whole["judged"], whole["pass_rate"], whole["scored"], whole["unscored"], whole["mean_score"]) == (1, 1.0, 1, 1, 80.0)
    assert (whole["score_half_width"], whole["reasons"]) == (None, [["model_refused", 1]])


def test_a_batch_without_children_has_figures_of_nothing() -> None:
    whole = summarize(batch(project=factories.project()).pk)["overall"]
    assert (whole["n"], whole["pass_rate"], whole["mean_score"], whole["latency_p50_ms"], whole["cost_usd"]) == (0, None, None, None, 0.0)
    assert summarize(factories.project().pk) == {}


def mention(run: EvalRun, brand: str, times: int, rank: int) -> None:
    number = {"Acme": 1, "Globex": 2}[brand]
    Mention.objects.create(
        run=run,
        project=run.project,
        day=timezone.now().date(),
        platform="demo",
        brand_id=f"00000000-0000-0000-0000-00000000000{number}",
        brand=brand,
        is_own=brand == "Acme",
        count=times,
        rank=rank,
    )


def test_prompts_have_the_brands_that_answers_name() -> None:
    made = batch(project=factories.project(), subjects=["a", "b"], targets=TARGETS, source_type="prompts")
    runs = [trial(batch=made, subject=s, target=t, passed=None).run for s in range(2) for t in range(2)]
    mention(runs[0], "Acme", 3, 1)
    mention(runs[0], "Globex", 1, 2)
    mention(runs[2], "Acme", 1, 2)
    mention(runs[3], "Globex", 5, 1)
    said = summarize(made.pk)
    acme, globex = said["brands"]
    assert acme["brand"] == "Acme"
    assert (acme["answers"], acme["mention_rate"], acme["mentions"], acme["share_of_voice"], acme["mean_rank"]) == (2, 0.5, 4, 0.4, 1.5)
    assert (globex["mention_rate"], globex["share_of_voice"]) == (0.5, 0.6)
    first, second = said["brands_by_target"]
    assert (first["answers"], first["brands"][0]["brand"], first["brands"][0]["mention_rate"]) == (2, "Acme", 1.0)
    assert [brand["brand"] for brand in second["brands"]] == ["Globex"]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_children_came_to_it_is_what_a_plain_count_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(summary, "MOST_SUBJECTS", 4)
    made = batch(project=factories.project(), subjects=[f"GET /{number}" for number in range(7)], targets=TARGETS, profiles=("A", "B"))
    for subject, target, profile in chance.sample(made.cells, chance.randint(1, len(made.cells))):
        trial(
            batch=made,
            subject=subject,
            target=target,
            profile=profile,
            passed=chance.choice([True, False, None]),
            reasons=chance.choice([[], ["auth"], ["timeout", "auth"]]),
            status=chance.choice([*ENDS, Status.COMPLETED]),
            cost=f"0.00{chance.randint(0, 99):02}",
            score=chance.choice([None, round(100 * chance.random(), 1)]),
            latency_ms=chance.choice([None, 0, 5, chance.randint(0, 900)]),
            run={
                "judge_model": chance.choice(["", "demo/judge"]),
                "error_code": chance.choice(["", "model_error"]),
                "unpriced_calls": chance.randint(0, 2),
                "evaluation_cost_usd": Decimal("0.001"),
            },
        )
    said, plain = summarize(made.pk), plain_summary(made, 4)
    assert told(said["overall"]) == plain["overall"]
    assert {row["index"]: told(row) for row in said["by_target"]} == plain["by_target"]
    assert [(row["index"], told(row)) for row in said["by_subject"]] == plain["by_subject"]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """The figures that a plain count has; reasons without their order."""
    assert row["reasons"] == sorted(row["reasons"], key=lambda reason: -reason[1])
    return {name: row[name] for name in figures([])} | {"reasons": dict(row["reasons"])}


def test_queries_do_not_grow_with_the_batch(judged: Batch, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(8):
        summarize(judged.pk)
