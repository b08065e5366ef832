"""The event stream cut and resumed, as clients must: they give up after 300 seconds, or when the network does."""

from itertools import islice
from typing import Any

import pytest

pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from tests.contract.live.clients import SCRIPT  # noqa: E402


def plain(events: Any) -> list[dict[str, Any]]:
    return [event.model_dump() for event in events]


def test_a_finished_run_replays_from_every_index(client: Any, agent: Any, template: Any) -> None:
    started = client.agents.run_eval_async(agent.agent_id, template_id=template.template_id, sessions=SCRIPT)
    whole = plain(client.eval_runs.stream_events(started.run_id))
    assert whole[-1]["type"] == "final_status"
    for index in range(len(whole) + 1):
        assert plain(client.eval_runs.stream_events(started.run_id, from_index=index)) == whole[index:]


def test_a_running_run_that_is_cut_after_every_third_event_is_seen_whole(client: Any, agent: Any, template: Any) -> None:
    started = client.agents.run_eval_async(agent.agent_id, template_id=template.template_id, sessions=SCRIPT)
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["type"] != "final_status":
        stream = client.eval_runs.stream_events(started.run_id, from_index=len(seen))
        seen += plain(islice(stream, 3))
        stream.close()
    assert seen == plain(client.eval_runs.stream_events(started.run_id))


def test_a_large_event_arrives_whole(client: Any, agent: Any, template: Any) -> None:
    """Above 256 KiB an event comes in pieces, which the client puts together again."""
    words = [f"{letter} Grüße an alle 😀 " * 3_500 for letter in "ab"]
    sessions = [{"name": "Long", "time_gap_hours": 0, "turns": [{"user_message": text} for text in words]}]
    events = list(client.agents.simulate(agent.agent_id, sessions=sessions))
    said = [event.model_extra["content"] for event in events if event.type == "turn_completed" and event.model_extra["role"] == "user"]
    assert said == words
    run_id = events[0].model_extra["run_id"]
    index = next(event.model_extra["seq"] for event in events if event.model_extra.get("content") == words[1])
    assert plain(client.eval_runs.stream_events(run_id, from_index=index)) == plain(events[index:])
