"""The calls and the price that stand beside the form."""

import re

from django.test import Client

from agents.models import ModelProvider
from evalhub.accounts.models import Project
from tests.runs.web.newrun.conftest import Fill, html


def test_the_estimate_follows_the_form(owner: Client, filled: Fill) -> None:
    answer = html(owner.post("/runs/new/estimate", filled(kind="simulate", session__0__turn__0="Hi", repeats="10")))
    assert "10 runs" in answer
    assert "<dd>10</dd>" in answer
    assert "free" in answer
    assert "Judge" not in answer


def test_a_price_is_a_range_and_an_unknown_one_is_said(owner: Client, filled: Fill, project: Project) -> None:
    ModelProvider.objects.create(project=project, name="openai", base_url="https://api.openai.com/v1", default_model="gpt-4o")
    ModelProvider.objects.create(project=project, name="attic", base_url="http://127.0.0.1:9/v1")
    answer = html(owner.post("/runs/new/estimate", filled(agent_model="attic/llama", user_model="openai/gpt-4o", max_cost_usd="0.001")))
    assert re.search(r"\$0\.\d+–\$0\.\d+", answer)
    assert "+ unpriced" in answer
    assert "No price is known for attic/llama, so the limit does not stop it." in answer
    assert "It may reach the limit of $0.0010 a run" in answer


def test_an_estimate_of_nonsense_is_no_error(owner: Client, filled: Fill) -> None:
    for changes in ({"agent": "x"}, {"turns": "-5", "repeats": "x"}, {"kind": ""}, {"judge_model": "nowhere/x"}, {"kind": "evaluate"}):
        assert owner.post("/runs/new/estimate", filled(**changes)).status_code == 200
    assert owner.post("/runs/new/estimate", {}).status_code == 200
