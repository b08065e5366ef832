"""Who can be asked to use an API."""

from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.durable.endpoint import DurableEndpoint, Op, told
from runs.api.durable.shapes.targets import (
    PublicApiPerformanceCodingAgent,
    PublicApiPerformanceCodingAgentModel,
    PublicApiPerformanceTargetSpec,
    PublicApiPerformanceTargetsResponse,
    PublicApiPerformanceTextModel,
)
from runs.batches.catalogue import CodingAgent, TextModel, coding_agents, text_models


class Targets(DurableEndpoint):
    """GET /v1/api-performance/targets"""

    ops = {"GET": Op(id="api_performance_targets_list", summary="Who can be asked.", answer=PublicApiPerformanceTargetsResponse)}

    def get(self, request: Request) -> Response:
        models, agents = text_models(self.project), coding_agents(self.project)
        unpriced = [each.name for each in models if each.input_usd is None or each.output_usd is None]
        unpriced += [each.name for each in agents if each.cost_usd is None]
        return told(
            PublicApiPerformanceTargetsResponse(
                text_models=[_model(each) for each in models],
                coding_agents=[_agent(each) for each in agents],
                frequencies=["daily", "every_other_day", "weekly", "manual"],
                meta={"unpriced": unpriced},
            )
        )


def _model(each: TextModel) -> PublicApiPerformanceTextModel:
    return PublicApiPerformanceTextModel(
        id=each.name,
        label=each.model,
        platform=each.platform,
        cost_per_1m_input=float(each.input_usd or 0),
        cost_per_1m_output=float(each.output_usd or 0),
        target=PublicApiPerformanceTargetSpec(target_type="text", execution_platform=each.platform, model_id=each.model),
    )


def _agent(each: CodingAgent) -> PublicApiPerformanceCodingAgent:
    specs = [_spec(each, model) for model in each.models]
    return PublicApiPerformanceCodingAgent(
        id=each.name,
        label=each.label,
        platform=each.name,
        cost_estimate_per_eval=float(each.cost_usd or 0),
        default_model_id=next(iter(each.models), None),
        target=next(iter(specs), None),
        models=[PublicApiPerformanceCodingAgentModel(id=spec.model_id, label=spec.model_id, target=spec) for spec in specs],
    )


def _spec(each: CodingAgent, model: str) -> PublicApiPerformanceTargetSpec:
    return PublicApiPerformanceTargetSpec(target_type="agent", execution_platform=each.name, model_id=model)
