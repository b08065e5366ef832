"""The bodies that contract clients send, and whether answers are compared with the contract at all."""

from typing import Any

import pytest

from agents.models import Agent
from runs.models import EvalRun
from templates_app.models import EvalTemplate
from tests.runs.api.client import CONTRACT, Api, check_contract, missing_for_contract

CONFIG = {
    "max_sessions": 0,
    "max_turns_per_session": 0,
    "simulated_duration_hours": 0,
    "enable_proactive": False,
    "enable_diary": False,
    "enable_consolidation": False,
    "disable_ce_enrichment": True,
    "inter_session_gap_hours": 24,
    "model": "",
    "playback_speed": 0.0,
}
PERSONA = {"name": "Jo", "description": "", "style": ""}
SESSIONS = [{"name": "", "time_gap_hours": 0, "turns": [{"user_message": "Hi"}]}, {"name": "b", "time_gap_hours": 24, "turns": None}]
OVERRIDE = {
    "behaviors": {"response_length": "short"},
    "big5": {"openness": 50, "conscientiousness": 50, "extraversion": 50, "agreeableness": 50, "neuroticism": 50},
    "bio": "",
    "gender": "",
    "model": "",
    "name": "",
    "personality_prompt": "",
    "preferences": {"formality": "low"},
    "primary_traits": None,
    "speech_patterns": [],
    "true_dislikes": ["waste"],
    "true_interests": None,
    "voice": {"language": "en", "voice_name": "x"},
}


def test_answers_are_compared_with_the_contract() -> None:
    if reason := missing_for_contract():
        pytest.skip(reason)
    assert CONTRACT.is_file()


def requests(quality: str, adaptation: str, source: str) -> dict[str, tuple[str, dict[str, Any]]]:
    judged = {"template_id": quality, "adaptation_template_id": adaptation, "quality_only": False}
    messages = [{"role": "user", "content": "Hi", "session_index": 0}, {"role": "assistant", "content": "", "session_index": 0}]
    simulated = {"sessions": SESSIONS, "user_persona": PERSONA, "config_override": OVERRIDE, "model": ""}
    return {
        "simulate": ("SimulateRequest", {**simulated, "config": CONFIG, "user_id": ""}),
        "run-eval": ("RunEvalRequest", {**simulated, **judged, "simulation_config": CONFIG}),
        "eval-only": ("EvalOnlyRequest", {**judged, "source_run_id": source}),
        "evaluate": (
            "EvaluateRequest",
            {
                **judged,
                "messages": messages,
                "config_override": OVERRIDE,
                "model": "",
                "provider": "gemini",
                "simulation_config": CONFIG,
                "simulation_state": {},
                "user_persona": PERSONA,
            },
        ),
    }


@pytest.mark.parametrize("action", ["simulate", "run-eval", "eval-only", "evaluate"])
def test_a_body_with_every_key_of_the_contract_is_accepted(
    owner: Api, agent: Agent, quality: EvalTemplate, adaptation: EvalTemplate, pasted: dict[str, Any], action: str
) -> None:
    source = owner.post(f"/agents/{agent.id}/evaluate", pasted).json()["run_id"]
    EvalRun.objects.update(status="completed")
    schema, body = requests(str(quality.id), str(adaptation.id), source)[action]
    check_contract(schema, body)
    response = owner.post(f"/agents/{agent.id}/{action}", body)
    assert response.status_code in (200, 202), response.content
    check_contract("EvalRun", owner.get(f"/eval-runs/{response.json()['run_id']}").json())


def test_a_character_keeps_its_name_when_a_client_sends_an_empty_one(owner: Api, agent: Agent) -> None:
    owner.post(f"/agents/{agent.id}/simulate", {"config_override": OVERRIDE})
    assert EvalRun.objects.get().agent_snapshot["character"]["name"] == "Mara"
