"""Figures of share of voice: what they are of, and that they add up."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evalhub.common.statistics import RANKS, Sums, mean_of, rate_of
from runs.batches.shares import Rival, Voice, added

SOME_RANKS = st.lists(st.integers(1, 9), max_size=8)


def of(ranks: list[int], unnamed: int = 0, others: int = 0) -> Voice:
    """Answers that name us once at each rank, some that do not, and mentions of others."""
    sums = Sums(len(ranks), sum(ranks), sum(rank**2 for rank in ranks))
    return Voice(len(ranks) + unnamed, len(ranks), len(ranks), len(ranks) + others, sums)


def test_it_says_share_rate_and_rank() -> None:
    voice = of([1, 2, 3], unnamed=1, others=9)
    assert voice.share == 0.25
    assert voice.rate == rate_of(3, 4)
    assert voice.rank == replace(mean_of([1, 2, 3]), scale=RANKS)


def test_of_nothing_it_says_nothing() -> None:
    assert (Voice().share, Voice().rate, Voice().rank) == (None, None, None)
    assert Voice(answers=5).share is None
    assert Voice(answers=5).rate == rate_of(0, 5)


@given(SOME_RANKS, SOME_RANKS, st.integers(0, 5), st.integers(0, 5))
def test_parts_add_up_to_the_whole_in_any_order(left: list[int], right: list[int], unnamed: int, others: int) -> None:
    first, second = of(left, unnamed, others), of(right)
    assert first + second == second + first == of(left + right, unnamed, others) == added([second, first, Voice()])


def test_a_brand_is_measured_against_all_answers_and_mentions() -> None:
    rival = Rival("Globex", False, answers=2, mentions=3, ranks=Sums(2, 3, 5), of_answers=4, of_mentions=12)
    assert (rival.share, rival.rate) == (0.25, rate_of(2, 4))
    assert rival.rank == replace(mean_of([1, 2]), scale=RANKS)
