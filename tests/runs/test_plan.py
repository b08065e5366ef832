"""What a run will do, from what was asked for."""

import pytest

from runs.plan import SessionPlan, plan_sessions, planned_turns


def turns(*texts: str) -> list[dict[str, str]]:
    return [{"user_message": text} for text in texts]


def test_it_plans_one_free_session_of_five_turns_when_nothing_is_asked_for() -> None:
    assert plan_sessions([], {}) == [SessionPlan("Session 1", 0, (), 5)]


def test_a_scripted_session_stops_after_its_script() -> None:
    [plan] = plan_sessions([{"name": "a", "turns": turns("one", "two", "three")}], {})
    assert (plan.script, plan.max_turns) == (("one", "two", "three"), 3)


def test_free_turns_follow_a_script_up_to_the_limit_that_was_asked_for() -> None:
    [plan] = plan_sessions([{"turns": turns("one")}], {"max_turns_per_session": 4})
    assert (plan.script, plan.max_turns) == (("one",), 4)


def test_a_script_longer_than_the_limit_is_said_to_its_end() -> None:
    [plan] = plan_sessions([{"turns": turns("one", "two", "three")}], {"max_turns_per_session": 2})
    assert plan.max_turns == 3


@pytest.mark.parametrize("none", [None, []])
def test_a_session_without_turns_is_free(none: object) -> None:
    [plan] = plan_sessions([{"name": "free", "turns": none}], {"max_turns_per_session": 7})
    assert (plan.script, plan.max_turns) == ((), 7)


def test_max_sessions_makes_free_sessions_and_caps_given_ones() -> None:
    assert len(plan_sessions([], {"max_sessions": 3})) == 3
    assert [plan.name for plan in plan_sessions([{"name": "a"}, {"name": "b"}], {"max_sessions": 1})] == ["a"]


def test_a_zero_means_the_default_since_clients_must_send_a_number() -> None:
    assert plan_sessions([], {"max_sessions": 0, "max_turns_per_session": 0}) == [SessionPlan("Session 1", 0, (), 5)]


def test_a_session_has_its_own_gap_or_the_common_one_or_a_day() -> None:
    sessions = [{"time_gap_hours": 0}, {"time_gap_hours": 3}, {"time_gap_hours": 0}]
    assert [plan.gap_minutes for plan in plan_sessions(sessions, {"inter_session_gap_hours": 8})] == [0, 180, 480]
    assert [plan.gap_minutes for plan in plan_sessions(sessions, {})] == [0, 180, 0]
    assert [plan.gap_minutes for plan in plan_sessions([], {"max_sessions": 2})] == [0, 1440]


def test_a_duration_is_spread_over_the_gaps() -> None:
    config = {"max_sessions": 3, "simulated_duration_hours": 48}
    assert [plan.gap_minutes for plan in plan_sessions([], config)] == [0, 1440, 1440]


def test_a_plan_survives_its_json_and_counts_its_turns() -> None:
    plans = plan_sessions([{"turns": turns("a", "b")}, {}], {})
    assert [SessionPlan.from_json(plan.as_json()) for plan in plans] == plans
    assert planned_turns(plans) == 2 + 5
