"""`evalhub run-eval` as a shell sees it, against a stand-in of the API."""

import json
from pathlib import Path

import pytest

from tests.evalhub.cli.conftest import TEMPLATE_ID, Command, StandIn, event, judged

ASK = ["run-eval", "--agent", "Mara", "--template", "conversation QUALITY"]


def test_it_prints_scores_costs_and_the_address_of_the_run(command: Command, server: StandIn) -> None:
    ended = command(*ASK)
    assert ended.code == 0
    for part in ("Quality: 80.0 / 100", "Tone", "$0.0300", f"{server.url}/runs/", "demo judge"):
        assert part in ended.out


def test_it_sends_only_what_was_asked_for(command: Command, server: StandIn, tmp_path: Path) -> None:
    persona = tmp_path / "p.yaml"
    persona.write_text("name: Jo\ndescription: d\nstyle: s\n")
    command(*ASK, "--max-turns", "3", "--persona", str(persona), "--model", "openai/gpt-4o-mini")
    assert server.bodies == [
        {
            "simulation_config": {"max_turns_per_session": 3},
            "user_persona": {"name": "Jo", "description": "d", "style": "s"},
            "model": "openai/gpt-4o-mini",
            "template_id": TEMPLATE_ID,
        }
    ]
    assert server.keys == {"Bearer sk_test"}


def test_json_is_all_there_is_on_stdout(command: Command, server: StandIn) -> None:
    assert json.loads(command(*ASK, "--json").out) == server.run


def test_a_score_below_the_threshold_ends_with_one(command: Command, server: StandIn) -> None:
    ended = command(*ASK, "--min-score", "80.5")
    assert ended.code == 1
    assert "The score 80.0 / 100 is below the threshold of 80.5." in ended.err


def test_a_score_at_the_threshold_is_enough(command: Command, server: StandIn) -> None:
    assert command(*ASK, "--min-score", "80").code == 0


def test_an_unscored_run_misses_every_threshold_and_says_why(command: Command, server: StandIn) -> None:
    server.run = judged(None)
    ended = command(*ASK, "--min-score", "1")
    assert ended.code == 1
    assert "unscored" in ended.err
    assert "The judge skipped it." in " ".join(ended.out.split())


def test_a_failed_run_ends_with_one_and_its_reason(command: Command, server: StandIn) -> None:
    server.run = judged(status="failed", error_reason="No provider for gpt-9.", evaluation_result={})
    ended = command(*ASK)
    assert ended.code == 1
    assert "The run is failed: No provider for gpt-9." in ended.err


def test_a_start_whose_answer_was_cut_is_sent_again_under_the_same_key(command: Command, server: StandIn) -> None:
    server.cuts = 2
    assert command(*ASK).code == 0
    assert len(server.bodies) == 3
    assert len(set(server.idempotency_keys)) == 1


def test_two_starts_have_two_keys(command: Command, server: StandIn) -> None:
    command(*ASK)
    command(*ASK)
    assert len(set(server.idempotency_keys)) == 2


def test_a_start_that_is_always_cut_ends_with_the_reason(command: Command, server: StandIn) -> None:
    server.cuts = 99
    ended = command(*ASK)
    assert ended.code == 1
    assert "did not answer" in ended.err


def test_a_cut_stream_goes_on_at_the_next_event(command: Command, server: StandIn) -> None:
    server.streams = [[event(0, "run_started"), event(1, "turn_started"), None], [event(2, "turn_completed"), event(3, "final_status")]]
    assert command(*ASK).code == 0
    assert server.asked_from == [0, 2]


def test_a_busy_server_is_asked_again_after_the_time_it_named(command: Command, server: StandIn) -> None:
    server.refusals = [(429, {"detail": "Too many requests."}, {"Retry-After": "0.1"})]
    assert command(*ASK).code == 0
    assert len(server.bodies) == 2


def test_a_refused_persona_is_told_by_file_and_key(command: Command, server: StandIn, tmp_path: Path) -> None:
    persona = tmp_path / "p.yaml"
    persona.write_text("name: Jo\nfacts: none\n")
    problem = {
        "detail": "A field is wrong.",
        "errors": [{"location": "body.user_persona.facts", "field": "facts", "message": "Must be a list."}],
    }
    server.refusals = [(422, problem, {})]
    ended = command(*ASK, "--persona", str(persona))
    assert ended.code == 2
    assert ended.err.strip() == f"evalhub: {persona}: facts: Must be a list."


def test_an_unknown_template_is_told_with_those_there_are(command: Command, server: StandIn) -> None:
    ended = command("run-eval", "--agent", "Mara", "--template", "nope")
    assert (ended.code, ended.err) == (2, "evalhub: There is no quality template 'nope'; there are: 'Conversation quality'.\n")


def test_a_missing_key_is_told_with_the_command_that_makes_one(command: Command, server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALHUB_API_KEY")
    ended = command(*ASK)
    assert ended.code == 2
    assert "evalhub create-key" in ended.err


def test_nobody_at_the_address_is_one_sentence(command: Command, server: StandIn, free_port: int) -> None:
    ended = command(*ASK, "--url", f"http://127.0.0.1:{free_port}")
    assert ended.code == 2
    assert ended.err.startswith(f"evalhub: No EvalHub answers at http://127.0.0.1:{free_port}. Start it with `evalhub up`")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1/", "nonsense"])
def test_an_address_that_is_none_is_told(command: Command, server: StandIn, url: str) -> None:
    ended = command(*ASK, "--url", url)
    assert ended.code == 2
    assert "is no address" in ended.err


def test_a_missing_option_is_wrong_use(command: Command) -> None:
    ended = command("run-eval", "--agent", "Mara")
    assert ended.code == 2
    assert "--template" in ended.err
