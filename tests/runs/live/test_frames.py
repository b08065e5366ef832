"""One event as frames: whole, or in pieces."""

import json

import pytest
from asgiref.sync import sync_to_async

from runs.events.types import TurnCompleted
from runs.live.sse import frames
from runs.models import EvalRun
from tests.runs.live.streams import get, key_make, path_of, write, write_end, write_turns
from tests.support.runs import run_make

LARGE = "ä€😀" * 40_000


def test_a_large_event_is_split_and_its_pieces_make_the_event_again() -> None:
    event = {"seq": 7, "type": "turn_completed", "content": LARGE}
    parts = list(frames(event))
    assert len(parts) > 1
    bodies = [json.loads(part.split("data: ", 1)[1]) for part in parts]
    assert [body["__chunk"]["index"] for body in bodies] == list(range(len(parts)))
    assert {body["__chunk"]["total"] for body in bodies} == {len(parts)}
    assert json.loads("".join(body["data"] for body in bodies)) == event
    assert all(len(part.encode()) <= 300 * 1024 for part in parts)


def test_only_the_last_piece_has_the_id_so_that_a_client_cut_before_it_gets_the_event_again() -> None:
    parts = list(frames({"seq": 7, "content": LARGE}))
    assert [part.startswith("id: 7\n") for part in parts] == [False] * (len(parts) - 1) + [True]


@pytest.mark.parametrize(("characters", "pieces"), [(256 * 1024, 1), (256 * 1024 + 1, 2), (480 * 1024, 2), (480 * 1024 + 1, 3)])
def test_an_event_is_split_above_256_kib(characters: int, pieces: int) -> None:
    around = len(json.dumps({"seq": 0, "content": ""}, separators=(",", ":")))
    assert len(list(frames({"seq": 0, "content": "x" * (characters - around)}))) == pieces


def test_a_line_break_in_a_message_cannot_end_a_frame() -> None:
    [frame] = frames({"seq": 0, "content": "a\n\ndata: [DONE]\r\n\u2028"})
    assert frame.count("\n") == 3
    assert len(frame.splitlines()) == 3


def large_run() -> EvalRun:
    """Event 1 of 0 to 3 is large."""
    run = run_make()
    write_turns(run, 1)
    write(run, TurnCompleted(content=LARGE))
    write_turns(run, 1)
    write_end(run)
    return run


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", range(5))
async def test_positions_count_events_and_not_their_pieces(first: int) -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(large_run)()
    stream = await get(path_of(run), key, f"from={first}")
    whole = [event for event in stream.events if "seq" in event]
    pieces = [event for event in stream.events if "__chunk" in event]
    assert [event["seq"] for event in whole] == [seq for seq in (0, 2, 3) if seq >= first]
    joined = "".join(piece["data"] for piece in pieces)
    assert (json.loads(joined)["seq"] if joined else None) == (1 if first <= 1 else None)
    assert [line for line in stream.text.splitlines() if line.startswith("id: ")] == [f"id: {seq}" for seq in range(first, 4)]
    assert stream.ended_well
