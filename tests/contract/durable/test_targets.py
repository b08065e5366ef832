"""Who can be asked: models with what they cost, and coding agents."""

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Harness, ModelPrice, ModelProvider
from evalhub.common.secrets import encrypt
from runs.models import Target
from tests import factories
from tests.contract.durable.contract import Durable

pytestmark = pytest.mark.django_db
TARGETS = "/api-performance/targets"


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


def test_a_new_project_has_the_demo_models_and_the_built_in_agents(api: Durable) -> None:
    told = api.get(TARGETS).json()
    assert told["text_models"] == [
        {
            "id": f"demo/{name}",
            "label": name,
            "platform": "demo",
            "cost_per_1m_input": 0.0,
            "cost_per_1m_output": 0.0,
            "target": {"target_type": "text", "execution_platform": "demo", "model_id": name},
        }
        for name in ("agent", "hasty")
    ]
    assert [(each["id"], each["label"], each["target"]) for each in told["coding_agents"]] == [
        ("codex", "Codex", None),
        ("claude-code", "Claude Code", None),
    ]
    assert told["frequencies"] == ["daily", "every_other_day", "weekly", "manual"]
    assert told["meta"] == {"unpriced": ["codex", "claude-code"]}


def test_models_are_the_defaults_and_those_with_a_price_or_a_target(api: Durable) -> None:
    ModelProvider.objects.create(project=api.project, name="openai", base_url="https://api.openai.com/v1")
    ModelProvider.objects.create(project=api.project, name="ollama", base_url="http://127.0.0.1:1/v1", default_model="llama")
    ModelProvider.objects.create(project=api.project, name="off", base_url="http://127.0.0.1:1/v1", default_model="x", is_active=False)
    ModelPrice.objects.create(project=api.project, provider="ollama", model="big", input_usd="1.5", output_usd="6")
    Target.objects.create(project=api.project, source_type="custom_evals", execution_platform="openai", model_id="gpt-4o-mini")
    told = api.get(TARGETS).json()
    costs = {each["id"]: (each["cost_per_1m_input"], each["cost_per_1m_output"]) for each in told["text_models"]}
    assert list(costs) == ["openai/gpt-4.1-mini", "openai/gpt-4o-mini", "ollama/llama", "ollama/big", "demo/agent", "demo/hasty"]
    assert costs["ollama/big"] == (1.5, 6.0)
    assert costs["openai/gpt-4o-mini"] == (0.15, 0.6)
    assert costs["ollama/llama"] == (0.0, 0.0)
    assert "ollama/llama" in told["meta"]["unpriced"]
    assert "ollama/big" not in told["meta"]["unpriced"]


def test_a_coding_agent_of_the_project_hides_the_built_in_one(api: Durable) -> None:
    Harness.objects.create(
        project=api.project, name="codex", label="Ours", argv="codex {prompt}", model_names=["gpt-5", "o4"], cost_usd="0.25"
    )
    Harness.objects.create(project=api.project, name="idle", argv="idle {prompt}", is_active=False)
    agents = {each["id"]: each for each in api.get(TARGETS).json()["coding_agents"]}
    assert set(agents) == {"codex", "claude-code"}
    codex = agents["codex"]
    assert (codex["label"], codex["cost_estimate_per_eval"], codex["default_model_id"]) == ("Ours", 0.25, "gpt-5")
    assert codex["target"] == {"target_type": "agent", "execution_platform": "codex", "model_id": "gpt-5"}
    assert [each["id"] for each in codex["models"]] == ["gpt-5", "o4"]


def test_a_secret_that_cannot_be_read_hides_nothing(api: Durable) -> None:
    row = ModelProvider.objects.create(project=api.project, name="mine", base_url="http://127.0.0.1:1/v1", default_model="m")
    ModelProvider.objects.filter(pk=row.pk).update(secret_encrypted=encrypt("x")[:-5] + "AAAA=")
    assert "mine/m" in [each["id"] for each in api.get(TARGETS).json()["text_models"]]


def test_what_others_have_is_not_listed(api: Durable) -> None:
    ModelProvider.objects.create(project=factories.project(), name="theirs", base_url="http://127.0.0.1:1/v1", default_model="m")
    assert [each["platform"] for each in api.get(TARGETS).json()["text_models"]] == ["demo", "demo"]


@pytest.mark.parametrize("many", [1, 20])
def test_its_queries_do_not_grow(api: Durable, many: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(many):
        ModelProvider.objects.create(project=api.project, name=f"p{number}", base_url="http://127.0.0.1:1/v1", default_model="m")
        Harness.objects.create(project=api.project, name=f"h{number}", argv="x {prompt}")
    api.get("/auth/status")
    with django_assert_num_queries(1 + 4):
        api.get(TARGETS)
