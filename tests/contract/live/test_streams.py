"""The event stream cut and resumed, as clients must: they give up after 300 seconds, or when the network does."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from itertools import islice
from typing import Any

import pytest

pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from tests.contract.live.clients import SCRIPT  # noqa: E402
from tests.contract.live.proxy import serving  # noqa: E402

LONG = "Grüße an alle 😀 " * 15_000


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


@pytest.fixture
def talkative() -> Iterator[str]:
    """The address of an agent that answers half a megabyte."""
    with serving(Talkative) as server:
        yield f"http://127.0.0.1:{server.server_port}/reply"


class Talkative(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"reply": LONG}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def test_an_event_above_256_kib_arrives_whole(client: Any, talkative: str, named: Callable[[str], str]) -> None:
    """It comes in pieces, which the client puts together again; an index counts the event, not its pieces."""
    body = {"name": named("Talkative"), "kind": "webhook", "endpoint_url": talkative, "reply_path": "reply"}
    agent = client._http.post("/api/v1/agents", json_data=body)
    sessions = [{"name": "Long", "time_gap_hours": 0, "turns": [{"user_message": "Go on."}] * 2}]
    events = list(client.agents.simulate(agent["agent_id"], sessions=sessions))
    said = [event.model_extra for event in events if event.type == "turn_completed" and event.model_extra["role"] == "assistant"]
    assert [message["content"] for message in said] == [LONG, LONG]
    run_id, index = said[1]["run_id"], said[1]["seq"]
    assert plain(client.eval_runs.stream_events(run_id, from_index=index)) == plain(events[index:])
