"""A simulated user and an agent, without a database: who is asked what, in which order, and what is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.llm.errors import PermanentError
from agents.llm.types import CallRecord
from runs.engine.simulate import Scenario, Simulation, SimulationFailed
from runs.engine.transcript import Line, Purpose
from runs.plan import SessionPlan
from tests.support.scripted import Died, Kept, Scripted

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def scenario(*sessions: SessionPlan, **more: Any) -> Scenario:
    plans = sessions or (SessionPlan("First", 0, (), 3),)
    values: dict[str, Any] = {"run_id": "r", "user_id": "u", "sessions": plans, "persona": {"name": "Ana"}, "character": {"name": "Bo"}}
    return Scenario(**{**values, "starts_at": START, **more})


def spoken(simulation: Simulation) -> list[tuple[str, str]]:
    return [(line.role, line.content) for line in simulation.lines]


async def test_it_says_the_script_word_for_word_and_ends_with_script_done() -> None:
    user, kept = Scripted("never asked"), Kept()
    simulation = Simulation(scenario(SessionPlan("S", 0, ("hello", "and you?"), 2)), Scripted("hi", "fine"), user, kept)
    await simulation.play()
    assert spoken(simulation) == [("user", "hello"), ("assistant", "hi"), ("user", "and you?"), ("assistant", "fine")]
    assert simulation.done == [{"name": "S", "reason": "script_done", "turns": 2}]
    assert user.asked == []


async def test_it_lets_the_persona_speak_up_to_the_turn_limit() -> None:
    simulation = Simulation(scenario(SessionPlan("S", 0, (), 2)), Scripted("a"), Scripted("q1", "q2"), Kept())
    await simulation.play()
    assert spoken(simulation) == [("user", "q1"), ("assistant", "a"), ("user", "q2"), ("assistant", "a")]
    assert simulation.done[0]["reason"] == "max_turns"


@pytest.mark.parametrize(("marker", "reason"), [("[[goal_met]]", "goal_met"), ("[[ GAVE_UP ]]", "gave_up")])
async def test_the_persona_ends_the_session_and_its_marker_is_not_part_of_what_it_says(marker: str, reason: str) -> None:
    simulation = Simulation(scenario(), Scripted("sure"), Scripted("please", f"thank you, bye\n{marker}"), Kept())
    await simulation.play()
    assert spoken(simulation) == [("user", "please"), ("assistant", "sure"), ("user", "thank you, bye")]
    assert simulation.done[0]["reason"] == reason


async def test_a_bare_marker_ends_the_session_without_an_empty_message() -> None:
    simulation = Simulation(scenario(), Scripted("sure"), Scripted("please", "[[goal_met]]"), Kept())
    await simulation.play()
    assert spoken(simulation) == [("user", "please"), ("assistant", "sure")]


async def test_each_side_sees_the_conversation_from_its_own_chair() -> None:
    agent, user = Scripted("answer one", "answer two"), Scripted("question one", "question two")
    await Simulation(scenario(SessionPlan("S", 0, (), 2)), agent, user, Kept()).play()
    assert [(m.role, m.content) for m in agent.asked[1][1:]] == [
        ("user", "question one"),
        ("assistant", "answer one"),
        ("user", "question two"),
    ]
    second = user.asked[1]
    assert [(m.role, m.content) for m in second[-2:]] == [("assistant", "question one"), ("user", "answer one")]
    assert "Ana" in second[0].content
    assert "Ana" not in agent.asked[0][0].content


async def test_the_clock_moves_by_the_gaps_and_by_the_turns() -> None:
    plans = (SessionPlan("A", 0, ("x",), 1), SessionPlan("B", 24 * 60, ("y",), 1))
    simulation = Simulation(scenario(*plans), Scripted("a"), Scripted("q"), Kept())
    await simulation.play()
    assert [line.simulated_at for line in simulation.lines if line.role == "user"] == [START, START + timedelta(hours=24, minutes=2)]
    assert simulation.minutes == 24 * 60 + 4


async def test_every_message_is_committed_before_the_next_call() -> None:
    kept = Kept()
    committed_at_call: list[int] = []

    def agent(messages: object) -> str:
        committed_at_call.append(sum(len(entry.lines) for entry in kept.entries))
        return "a"

    await Simulation(scenario(SessionPlan("S", 0, ("one", "two"), 2)), Scripted(agent), Scripted("q"), kept).play()
    assert committed_at_call == [1, 3]


async def test_events_tell_the_story_in_order() -> None:
    kept = Kept()
    await Simulation(scenario(SessionPlan("S", 0, ("hi",), 1)), Scripted("a"), Scripted("q"), kept).play()
    turn = ["turn_completed", "turn_completed"]
    assert kept.types == ["session_started", "turn_started", *turn, "session_completed", "simulation_completed"]


@pytest.mark.parametrize("dies_at", range(1, 14))
async def test_after_a_crash_at_any_commit_it_goes_on_as_if_nothing_had_happened(dies_at: int) -> None:
    plans = (SessionPlan("A", 0, ("one", "two"), 2), SessionPlan("B", 60, ("three",), 1))
    options = {"consolidation": True, "diary": True}

    def agent(messages: Any) -> str:
        return f"about {messages[-1].content[-12:]}"

    whole = Simulation(scenario(*plans, **options), Scripted(agent), Scripted("q"), Kept())
    await whole.play()

    kept = Kept(dies_at=dies_at)
    first = Simulation(scenario(*plans, **options), Scripted(agent), Scripted("q"), kept)
    try:
        await first.play()
    except Died:
        lines = [line for entry in kept.entries for line in entry.lines]
        state = next(dict(entry.state) for entry in reversed(kept.entries) if entry.state is not None)
        first = Simulation(scenario(*plans, **options), Scripted(agent), Scripted("q"), Kept(), lines, state)
        await first.play()
    assert first.lines == whole.lines
    assert first.state == whole.state


async def test_a_hosted_agent_remembers_between_sessions_when_asked_to() -> None:
    plans = (SessionPlan("A", 0, ("I have two dogs",), 1), SessionPlan("B", 60, ("and now?",), 1))
    agent = Scripted("nice", "- has two dogs", "Dear diary", "hello again", "- has two dogs", "Dear diary")
    await Simulation(scenario(*plans, consolidation=True, diary=True), agent, Scripted("q"), Kept()).play()
    assert "has two dogs" in agent.asked[3][0].content
    assert "I have two dogs" not in [message.content for message in agent.asked[3]]


async def test_an_endpoint_keeps_its_own_memory_and_is_told_who_speaks_and_when() -> None:
    plans = (SessionPlan("A", 0, ("x",), 1), SessionPlan("B", 60, ("y",), 1))
    agent = Scripted("a")
    await Simulation(scenario(*plans, hosted=False, consolidation=True, diary=True), agent, Scripted("q"), Kept()).play()
    assert [[m.role for m in asked] for asked in agent.asked] == [["user"], ["user"]]
    context = agent.contexts[1]
    assert context is not None
    assert (context.session_id, context.user_id, context.simulated_at) == ("r-1", "u", START + timedelta(minutes=62))


async def test_a_proactive_agent_opens_the_later_sessions() -> None:
    plans = (SessionPlan("A", 0, ("x",), 1), SessionPlan("B", 60, ("y",), 1))
    simulation = Simulation(scenario(*plans, proactive=True), Scripted("a1", "hello again", "a2"), Scripted("q"), Kept())
    await simulation.play()
    assert [line.role for line in simulation.lines if line.session_index == 1] == ["assistant", "user", "assistant"]


async def test_a_failing_agent_ends_the_run_with_its_reason_and_keeps_what_it_cost() -> None:
    broken = PermanentError("the agent is gone", calls=(CallRecord("m", 1, 5, error="gone"),))
    kept = Kept()
    with pytest.raises(SimulationFailed, match="the agent is gone") as failure:
        await Simulation(scenario(), Scripted("a1", broken), Scripted("q"), kept).play()
    assert failure.value.code == "model_refused"
    assert [entry.purpose for entry in kept.entries if entry.calls and entry.calls[0].error] == [Purpose.AGENT]
    assert kept.types[-1] == "session_completed"
    assert kept.entries[-1].events[0].reason == "error"


async def test_a_finished_simulation_is_not_played_again() -> None:
    agent = Scripted("a")
    line = Line(0, 0, 0, "user", "x")
    await Simulation(scenario(), agent, Scripted("q"), Kept(), [line], {"finished": True}).play()
    assert agent.asked == []
