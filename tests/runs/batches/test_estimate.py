"""What a batch will cost about: calls by tokens by price, and nothing at all where one price is unknown."""

from decimal import Decimal
from typing import Any

import pytest

from agents.models import Harness, ModelPrice
from evalhub.accounts.models import Project
from runs.batches.choosing import choose
from runs.batches.request import ApiRequest, PromptsRequest, TargetSpec
from runs.batches.services import batch_create
from tests import factories
from tests.support import asked

pytestmark = pytest.mark.django_db
CLOUD = TargetSpec(target_type="text", execution_platform="cloud", model_id="small")


@pytest.fixture
def project() -> Project:
    """With a provider whose model costs a dollar a million tokens read, and two dollars written."""
    made = factories.project()
    asked.provider(made, "cloud", "http://127.0.0.1:9/v1", default_model="small")
    ModelPrice.objects.create(project=made, provider="cloud", model="small", input_usd=1, output_usd=2)
    return made


def cost(project: Project, *targets: TargetSpec) -> Decimal | None:
    return choose(project, PromptsRequest(targets=targets, force=True)).estimated_cost_usd


def test_it_is_calls_by_tokens_by_price(project: Project) -> None:
    asked.prompt(project, "one two three")
    one = cost(project, CLOUD)
    assert one == Decimal("0.000803"), "3 tokens read, 400 written"
    asked.prompt(project, "four five six")
    assert cost(project, CLOUD) == 2 * one
    assert cost(project, CLOUD, asked.AGENT) == 2 * one, "a demo model costs nothing"


def test_demo_models_cost_nothing(project: Project) -> None:
    asked.prompt(project)
    assert cost(project, asked.AGENT, asked.USER) == 0


def test_a_judge_comes_on_top(project: Project) -> None:
    asked.prompt(project, "one two three", template=factories.template(project=project))
    judged = cost(project, CLOUD)
    assert judged
    # 200 of instructions, the question and the answer are read; a verdict for each of three categories and the whole is written.
    assert judged - Decimal("0.000803") == Decimal(200 + 3 + 400 + 2 * 4 * 400) / 1_000_000


def test_one_unknown_price_makes_the_whole_unknown(project: Project) -> None:
    asked.prompt(project)
    assert cost(project, CLOUD, TargetSpec(target_type="text", execution_platform="cloud", model_id="unheard-of")) is None


def test_a_coding_agent_costs_what_its_owner_says(project: Project) -> None:
    Harness.objects.create(project=project, name="smith", argv="smith {prompt}", cost_usd=Decimal("0.25"))
    asked.prompts(project, 3)
    assert cost(project, TargetSpec(target_type="agent", execution_platform="smith", model_id="")) == Decimal("0.75")
    assert cost(project, TargetSpec(target_type="agent", execution_platform="codex", model_id="gpt-5")) is None


def test_documentation_is_read_by_every_task_but_where_it_is_left_out(project: Project) -> None:
    source = asked.source(project, "GET /pets", docs="word " * 1000)

    def told(**override: Any) -> Decimal:
        row = source.operations.get().definitions.first() or asked.definition(source.operations.get())
        found = choose(project, ApiRequest(source_type="rest_api", targets=[CLOUD], eval_overrides={str(row.pk): override}))
        assert found.estimated_cost_usd
        return found.estimated_cost_usd

    assert told() - told(docs_mode="exclude") == Decimal("0.001")


def test_the_batch_keeps_it(project: Project) -> None:
    asked.prompts(project, 2)
    batch = batch_create(project=project, request=PromptsRequest(targets=[CLOUD]))
    batch.refresh_from_db()
    assert batch.estimated_cost_usd == cost(project, CLOUD)
