"""The books in the database: what workers hold together, what a dead one leaves, and what a 429 does to everybody."""

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from agents.limits.arithmetic import Answers
from agents.limits.keys import environment_key, provider_key
from agents.limits.ledger import Grant, Report, bury, leave, renew
from agents.models import ModelProvider, ProviderLoad, ProviderShare
from agents.selectors import provider_load, provider_loads
from tests import factories

pytestmark = pytest.mark.django_db
ONE, TWO = uuid.uuid4(), uuid.uuid4()


@pytest.fixture
def provider() -> ModelProvider:
    return ModelProvider.objects.create(project=factories.project(), name="mine", base_url="http://127.0.0.1:1/v1")


def limited(provider: ModelProvider, **limits: int) -> str:
    ModelProvider.objects.filter(pk=provider.pk).update(**limits)
    return provider_key(provider.pk)


def asks(holder: uuid.UUID, key: str, **said: Any) -> Grant:
    return renew(holder, Report(key, **said))


def pass_by(seconds: float) -> None:
    """Everything in the books becomes so much older."""
    of_load, of_share = ("refilled_at", "last_429_at", "paused_until", "closed_since"), ("since", "expires_at", "holds_until")
    for model, names in ((ProviderLoad, of_load), (ProviderShare, of_share)):
        for row in model._default_manager.all():
            for name in names:
                moment: datetime | None = getattr(row, name)
                setattr(row, name, moment and moment - timedelta(seconds=seconds))
            row.save()


def test_without_limits_everything_is_granted(provider: ModelProvider) -> None:
    grant = asks(ONE, provider_key(provider.pk), wanted=500)
    assert (grant.places, grant.tokens) == (None, None)


def test_workers_share_what_is_configured(provider: ModelProvider) -> None:
    key = limited(provider, max_concurrent=5)
    assert asks(ONE, key, wanted=50, waiting=50).places == 5
    assert asks(TWO, key, wanted=50, waiting=50).places == 0, "the first may be using all five"
    assert asks(ONE, key, wanted=50, in_use=5, held=5).places == 3
    assert asks(TWO, key, wanted=50, waiting=50).places == 0, "and until its next report it holds them"
    assert asks(ONE, key, wanted=50, in_use=3, held=3).places == 3
    assert asks(TWO, key, wanted=50, waiting=50).places == 2


def test_a_change_of_the_limit_takes_effect_with_the_next_report(provider: ModelProvider) -> None:
    key = limited(provider, max_concurrent=5)
    assert asks(ONE, key, wanted=9).places == 5
    limited(provider, max_concurrent=8)
    assert asks(ONE, key, wanted=9, held=5).places == 8


def test_the_places_of_a_silent_share_count_until_its_requests_have_timed_out(provider: ModelProvider) -> None:
    key = limited(provider, max_concurrent=5)
    asks(ONE, key, wanted=5, waiting=5, timeout_s=30.0)
    pass_by(39)
    assert asks(TWO, key, wanted=5).places == 0
    pass_by(2)
    assert asks(TWO, key, wanted=5).places == 5
    assert not ProviderShare.objects.filter(holder=ONE).exists()


def test_the_places_of_a_process_known_dead_come_back_when_its_servers_have_noticed(provider: ModelProvider) -> None:
    key = limited(provider, max_concurrent=5)
    asks(ONE, key, wanted=5, waiting=5, timeout_s=600.0)
    bury(ONE)
    assert asks(TWO, key, wanted=5).places == 0
    pass_by(3.1)
    assert asks(TWO, key, wanted=5).places == 5


def test_after_an_outage_who_comes_first_does_not_get_what_others_have_open(provider: ModelProvider) -> None:
    key = limited(provider, max_concurrent=6)
    asks(ONE, key, wanted=6, waiting=6, timeout_s=120.0)
    asks(ONE, key, wanted=6, in_use=6, held=6, timeout_s=120.0)
    asks(TWO, key, wanted=6, waiting=6, timeout_s=120.0)
    pass_by(11)
    assert asks(TWO, key, wanted=6, waiting=6, timeout_s=120.0).places == 0
    assert asks(ONE, key, wanted=9, in_use=6, held=6, timeout_s=120.0).places == 3, "three are to be given up as answers return"
    assert asks(TWO, key, wanted=6, waiting=6, timeout_s=120.0).places == 0
    assert asks(ONE, key, wanted=9, in_use=3, held=3, timeout_s=120.0).held == 3
    assert asks(TWO, key, wanted=6, waiting=6, timeout_s=120.0).places == 3


def test_what_is_left_beside_a_silent_share_is_shared_by_the_living(provider: ModelProvider) -> None:
    key, three = limited(provider, max_concurrent=8), uuid.uuid4()
    asks(ONE, key, wanted=4, waiting=4, timeout_s=120.0)
    ProviderShare.objects.update(granted=4)
    pass_by(11)
    asks(TWO, key, wanted=9, waiting=9)
    asks(three, key, wanted=9, waiting=9)
    two = asks(TWO, key, wanted=9, in_use=2, held=2)
    assert (two.places, asks(three, key, wanted=9, waiting=9).places) == (2, 2)


def test_a_share_from_before_the_clock_was_set_back_holds_nothing(provider: ModelProvider) -> None:
    key = limited(provider, max_concurrent=5)
    asks(ONE, key, wanted=5)
    pass_by(-3600)
    assert asks(TWO, key, wanted=5).places == 5


def test_a_worker_that_leaves_gives_its_places_back_at_once(provider: ModelProvider) -> None:
    key = limited(provider, max_concurrent=5)
    asks(ONE, key, wanted=5)
    leave(ONE, [])
    assert asks(TWO, key, wanted=5).places == 0
    leave(ONE, [key])
    assert asks(TWO, key, wanted=5).places == 5
    leave(TWO)
    assert not ProviderShare.objects.exists()


def test_tokens_are_given_out_once(provider: ModelProvider) -> None:
    key = limited(provider, requests_per_minute=600)
    assert asks(ONE, key, need=50).tokens == 20, "a full bucket"
    assert asks(TWO, key, need=50).tokens == 0
    pass_by(1)
    assert asks(TWO, key, need=50).tokens == 0, "nothing gathers while all of a full bucket is in hand, unused"
    assert asks(ONE, key, hand=5).tokens == 0
    pass_by(1)
    assert asks(TWO, key, need=50).tokens in range(9, 20), "a second's worth, and what the test itself takes on a busy machine"


def test_tokens_that_come_back_go_to_who_needs_them(provider: ModelProvider) -> None:
    key = limited(provider, requests_per_minute=600)
    asks(ONE, key, need=50)
    asks(ONE, key, hand=4, returned=12)
    assert asks(TWO, key, need=50).tokens in range(12, 22), "twelve, and ten for each second that the test itself takes"


def test_a_new_limit_begins_with_an_empty_bucket(provider: ModelProvider) -> None:
    """What was asked in the minute before was not counted."""
    asks(ONE, provider_key(provider.pk), begun=40)
    assert asks(ONE, limited(provider, requests_per_minute=60), need=10).tokens == 0


def test_fifty_429_are_one_cut(provider: ModelProvider) -> None:
    key = provider_key(provider.pk)
    asks(TWO, key, wanted=10, in_use=10, held=10)
    first = asks(ONE, key, in_use=0, wanted=50, answers=Answers(refused=50, open=50), throttled=50)
    assert (first.places, first.cuts) == (20, 1), "half of the sixty that were open, ten of them the other's"
    late = asks(TWO, key, in_use=10, wanted=10, held=10, answers=Answers(refused=10, open=10), throttled=10)
    assert late.cuts == 1, "it had not heard of the cut: the same burst"
    load = ProviderLoad.objects.get(key=key)
    assert (load.ceiling, load.throttled) == (30, 60)


def test_a_ceiling_rises_with_answers_and_is_lifted_after_minutes(provider: ModelProvider) -> None:
    key = provider_key(provider.pk)
    asks(ONE, key, wanted=20, answers=Answers(refused=20, open=20), throttled=20)
    assert asks(ONE, key, wanted=20, cuts=1, in_use=10, held=10, answers=Answers(fine=10, open=10)).places == 11
    pass_by(181)
    assert asks(ONE, key, wanted=20, cuts=1, in_use=10, held=10, answers=Answers(fine=10, open=10)).places is None


def test_a_retry_after_pauses_everybody_when_most_were_refused(provider: ModelProvider) -> None:
    key = provider_key(provider.pk)
    asks(ONE, key, answers=Answers(fine=9, refused=1, open=10), throttled=1, retry_after=20)
    assert asks(TWO, key).paused_s == 0, "the server goes on answering others"
    asks(ONE, key, cuts=1, answers=Answers(refused=9, open=9), throttled=9, retry_after=20)
    assert 18 < asks(TWO, key).paused_s <= 20
    asks(ONE, key, cuts=2, answers=Answers(refused=9, open=9), throttled=9, retry_after=86400)
    assert asks(TWO, key).paused_s <= 60


def refuse_all(key: str) -> Grant:
    """One request is asked, and refused, with no word about when it is worth to come again."""
    cuts = ProviderLoad.objects.filter(key=key).values_list("cuts", flat=True).first() or 0
    return asks(ONE, key, cuts=cuts, wanted=1, waiting=3, answers=Answers(refused=1, open=1), throttled=1)


def test_a_server_that_refuses_everything_is_left_alone_for_longer_and_longer(provider: ModelProvider) -> None:
    key, pauses, began = provider_key(provider.pk), [], time.monotonic()
    for _ in range(8):
        pauses.append(round(refuse_all(key).paused_s))
        pass_by(pauses[-1])
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]
    closed_s = asks(TWO, key).closed_s
    assert 91 <= closed_s <= 92 + time.monotonic() - began, "everybody hears of it"
    asks(TWO, key, answers=Answers(fine=1, open=1))
    assert refuse_all(key).paused_s == 0, "one answer, and it begins anew"


def test_refusals_beside_requests_that_are_being_answered_pause_nobody(provider: ModelProvider) -> None:
    key = provider_key(provider.pk)
    asks(TWO, key, in_use=1, held=1, wanted=1)
    assert [refuse_all(key).paused_s for _ in range(4)] == [0, 0, 0, 0]


def test_a_few_refusals_by_chance_do_not_close_a_server_for_the_impatient(provider: ModelProvider) -> None:
    key, closed = provider_key(provider.pk), []
    for _ in range(4):
        pass_by(1)
        closed.append(refuse_all(key).closed_s > 0)
    assert closed == [False, False, False, True]


def test_a_closed_server_of_long_ago_says_nothing(provider: ModelProvider) -> None:
    key = provider_key(provider.pk)
    for _ in range(4):
        refuse_all(key)
    pass_by(600)
    assert asks(TWO, key).closed_s == 0
    grant = refuse_all(key)
    assert (grant.paused_s, grant.closed_s) == (0, 0)


def test_a_server_that_says_when_it_opens_is_not_given_up_meanwhile(provider: ModelProvider) -> None:
    key = provider_key(provider.pk)
    for _ in range(5):
        cuts = ProviderLoad.objects.filter(key=key).values_list("cuts", flat=True).first() or 0
        grant = asks(ONE, key, cuts=cuts, wanted=1, answers=Answers(refused=1, open=1), throttled=1, retry_after=60)
        assert 58 < grant.paused_s <= 60
        pass_by(60)
    assert grant.closed_s == 0


def test_a_clock_that_was_set_back_leaves_no_pause_and_no_ceiling_for_an_hour(provider: ModelProvider) -> None:
    key = provider_key(provider.pk)
    asks(ONE, key, answers=Answers(refused=9, open=9), throttled=9, retry_after=20, wanted=9)
    pass_by(-3600)
    grant = asks(ONE, key, cuts=1, answers=Answers(fine=1, open=1))
    assert (grant.paused_s, grant.places) == (0, None)


def test_a_provider_of_the_environment_has_a_ceiling_too() -> None:
    key = environment_key("openai")
    assert asks(ONE, key, answers=Answers(refused=8, open=8), throttled=8, wanted=8).places == 4


def test_loads_nobody_asks_for_any_more_are_forgotten(provider: ModelProvider) -> None:
    asks(ONE, provider_key(uuid.uuid4()))
    leave(ONE)
    pass_by(31 * 86400)
    asks(ONE, provider_key(provider.pk))
    assert [load.key for load in ProviderLoad.objects.all()] == [provider_key(provider.pk)]


def test_pages_see_limits_and_use_in_two_queries(provider: ModelProvider, settings: Any, django_assert_num_queries: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"openai_api_key": "sk-env"})
    key = limited(provider, max_concurrent=5, requests_per_minute=600)
    asks(ONE, key, in_use=4, held=4, waiting=7, wanted=11, need=12, begun=9)
    asks(TWO, key, in_use=0, waiting=1, wanted=1, begun=2)
    asks(TWO, environment_key("openai"), answers=Answers(refused=8, open=8), throttled=8, wanted=8)
    with django_assert_num_queries(2):
        mine, environment = provider_loads(provider.project, of_all=True)
    assert (mine.name, mine.provider_id, mine.max_concurrent, mine.requests_per_minute) == ("mine", provider.pk, 5, 600)
    assert (mine.in_use, mine.granted, mine.waiting, mine.workers, mine.last_minute) == (4, 5, 8, 2, 11)
    assert (mine.ceiling, mine.last_429_at, mine.paused_until, mine.throttled) == (None, None, None, 0)
    assert (environment.name, environment.provider_id, environment.ceiling, environment.throttled) == ("openai", None, 4, 8)
    assert environment.last_429_at is not None
    provider.refresh_from_db()
    assert provider_load(provider) == mine


def test_the_load_of_another_projects_provider_is_not_shown(provider: ModelProvider) -> None:
    asks(ONE, provider_key(provider.pk), in_use=3)
    assert provider_loads(factories.project()) == []
