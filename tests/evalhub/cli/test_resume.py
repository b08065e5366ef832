"""`evalhub resume` and `evalhub cancel` as a shell sees them, against a stand-in of the API."""

import pytest

from tests.evalhub.cli.conftest import RUN_ID, Command, StandIn, event, judged


def test_resume_says_where_the_run_waits(command: Command, server: StandIn) -> None:
    ended = command("resume", RUN_ID)
    assert (ended.code, ended.out) == (0, f"The run waits for a worker: {server.url}/runs/{RUN_ID}/\n")
    assert (server.actions, server.asked_from) == (["resume"], [])


def test_resume_can_follow_the_run_past_the_end_it_had_before(command: Command, server: StandIn) -> None:
    before = [event(0, "run_started"), event(1, "final_status", status="interrupted")]
    server.streams = [[*before, event(2, "retrying", model=""), event(3, "run_started"), event(4, "final_status")]]
    ended = command("resume", RUN_ID, "--follow")
    assert ended.code == 0
    assert "Quality: 80.0 / 100" in ended.out


def test_a_resumed_run_that_does_not_complete_ends_with_one(command: Command, server: StandIn) -> None:
    server.run = judged(status="interrupted", error_reason="Its worker went silent 3 times.", evaluation_result={})
    ended = command("resume", RUN_ID, "--follow")
    assert ended.code == 1
    assert "The run is interrupted: Its worker went silent 3 times." in ended.err


@pytest.mark.parametrize(
    ("status", "words"), [("running", "was asked to stop"), ("cancelled", "is cancelled"), ("completed", "is completed")]
)
def test_cancel_says_what_became_of_the_run(command: Command, server: StandIn, status: str, words: str) -> None:
    server.acted = status
    ended = command("cancel", RUN_ID)
    assert (ended.code, ended.out) == (0, f"The run {words}: {server.url}/runs/{RUN_ID}/\n")
    assert server.actions == ["cancel"]


@pytest.mark.parametrize(
    ("name", "sentence"), [("resume", "The run is completed: only an interrupted run can be resumed."), ("cancel", "No.")]
)
def test_a_refusal_is_one_sentence_and_wrong_use(command: Command, server: StandIn, name: str, sentence: str) -> None:
    server.refusals = [(409, {"detail": sentence}, {})]
    ended = command(name, RUN_ID)
    assert (ended.code, ended.err) == (2, f"evalhub: EvalHub refused this: {sentence}\n")


@pytest.mark.parametrize("name", ["resume", "cancel"])
def test_an_id_with_a_slash_is_asked_for_as_it_is(command: Command, server: StandIn, name: str) -> None:
    assert command(name, f"{RUN_ID}/x").code == 2
    assert server.actions == []
