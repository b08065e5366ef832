"""Events out of bytes that come as they like."""

import json

import pytest

from evalhub.cli.sse import EventReader

STREAM = b': still here\n\nid: 0\ndata: {"type": "a", "seq": 0}\n\nid: 1\r\ndata: {"type": "b", "seq": 1}\r\n\r\ndata: [DONE]\n\n'


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_it_finds_the_same_events_however_the_bytes_are_cut(size: int) -> None:
    reader = EventReader()
    found = [event["type"] for start in range(0, len(STREAM), size) for event in reader.feed(STREAM[start : start + size])]
    assert found == ["a", "b"]
    assert reader.done


def test_it_joins_the_pieces_of_a_large_event() -> None:
    text = json.dumps({"type": "turn_completed", "seq": 4, "content": "é" * 10})
    pieces = [text[:20], text[20:]]
    frames = [{"__chunk": {"index": index, "total": 2}, "data": piece} for index, piece in enumerate(pieces)]
    reader = EventReader()
    assert reader.feed(f"data: {json.dumps(frames[0])}\n\n".encode()) == []
    assert reader.feed(f"data: {json.dumps(frames[1])}\n\n".encode()) == [json.loads(text)]


def test_it_starts_over_when_the_first_piece_comes_again() -> None:
    whole = '{"seq": 0}'
    frames = [json.dumps({"__chunk": {"index": index, "total": 2}, "data": piece}) for index, piece in enumerate((whole[:5], whole[5:]))]
    stream = "".join(f"data: {frame}\n\n" for frame in (frames[0], frames[0], frames[1]))
    assert EventReader().feed(stream.encode()) == [{"seq": 0}]
