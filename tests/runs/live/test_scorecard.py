import pytest

from runs.live.scorecard import Bar, scorecard
from runs.models import EvalRun
from runs.states import Status
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> EvalRun:
    return factories.run(project=factories.project(), template=factories.template(project=None), status=Status.RUNNING)


def test_a_run_without_a_template_has_nothing_to_judge_by(run: EvalRun) -> None:
    assert scorecard(run, "adaptation", 0).state == "none"


def test_scores_are_waited_for_while_the_run_goes_on(run: EvalRun) -> None:
    assert scorecard(run, "quality", 0).state == "waiting"


def test_scores_are_missing_when_the_run_ended_before_it_was_judged(run: EvalRun) -> None:
    run.status = Status.CANCELLED
    assert scorecard(run, "quality", 0).state == "missing"


def test_an_unscored_category_has_no_bar_and_its_reason(run: EvalRun) -> None:
    run.evaluation_result = factories.result(template=run.template_snapshot, scores={"tone": None})
    row = scorecard(run, "quality", 4).rows[2]
    assert (row.bar, row.unscored_reason) == (None, "The judge left this category out.")


def test_a_score_of_zero_is_a_score(run: EvalRun) -> None:
    run.evaluation_result = factories.result(template=run.template_snapshot, scores={"tone": 0.0})
    assert scorecard(run, "quality", 4).rows[2].bar == Bar(0.0)


def test_a_result_with_few_keys_is_shown_for_what_it_has(run: EvalRun) -> None:
    run.evaluation_result = {"score": 50, "categories": [{"key": "tone"}]}
    card = scorecard(run, "quality", 4)
    assert (card.state, card.bar, card.rows[0].label) == ("done", Bar(50), "tone")


def test_the_band_stays_on_the_scale() -> None:
    assert (Bar(95, 10).band_start, Bar(95, 10).band_width) == (85, 15)
    assert (Bar(5, 10).band_start, Bar(5, 10).band_width) == (0, 15)
