"""What batches are made from, as people have it in a project: prompts, sources with operations, custom evals, targets, profiles."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from agents.models import ModelProvider
from evalhub.accounts.models import Project
from runs.batches.request import TargetSpec
from runs.models import Target
from templates_app.models import (
    ApiOperation,
    ApiSource,
    CustomEval,
    EnvProfile,
    EvalDefinition,
    Prompt,
    PromptTopic,
    SourceType,
)

_numbers = count(1)
AGENT = TargetSpec(target_type="text", execution_platform="demo", model_id="agent")
USER = TargetSpec(target_type="text", execution_platform="demo", model_id="user")


def topic(project: Project, name: str = "Clouds") -> PromptTopic:
    return PromptTopic.objects.get_or_create(project=project, name=name)[0]


def prompt(project: Project, text: str = "", *, topic_name: str = "Clouds", **columns: Any) -> Prompt:
    text = text or f"Which cloud is best? ({next(_numbers)})"
    return Prompt.objects.create(project=project, topic=topic(project, topic_name), text=text, **columns)


def prompts(project: Project, many: int) -> list[Prompt]:
    subject = topic(project)
    rows = [Prompt(project=project, topic=subject, text=f"Which cloud is best? ({next(_numbers)})") for _ in range(many)]
    return Prompt.objects.bulk_create(rows, batch_size=500)


def target(project: Project, model: str = "demo/agent", *, source_type: str = SourceType.PROMPTS, **columns: Any) -> Target:
    """A configured target, daily unless something else is said."""
    platform, _, model_id = model.partition("/")
    return Target.objects.create(project=project, source_type=source_type, execution_platform=platform, model_id=model_id, **columns)


def source(project: Project, *operations: str, source_type: str = SourceType.REST_API, label: str = "", **columns: Any) -> ApiSource:
    """A source with operations such as "GET /pets", or names alone."""
    made = ApiSource.objects.create(project=project, source_type=source_type, label=label or f"Pets {next(_numbers)}", **columns)
    for position, text in enumerate(operations):
        method, _, path = text.rpartition(" ")
        ApiOperation.objects.create(source=made, method=method, path=path, position=position, category="Reading")
    return made


def operations(of: ApiSource) -> list[ApiOperation]:
    return list(of.operations.order_by("position"))


def definition(operation: ApiOperation, eval_type: str = "rest_api", **columns: Any) -> EvalDefinition:
    return EvalDefinition.objects.create(project=operation.source.project, operation=operation, eval_type=eval_type, **columns)


def custom(project: Project, text: str = "Write a greeting.", *, defined: bool = True, **columns: Any) -> CustomEval:
    """A custom eval; `columns` are its definition's unless it has none."""
    made = CustomEval.objects.create(project=project, prompt=text, **({} if defined else columns))
    if defined:
        EvalDefinition.objects.create(project=project, custom_eval=made, eval_type="custom_evals", **columns)
    return made


def profile(project: Project, key: str, **columns: Any) -> EnvProfile:
    return EnvProfile.objects.create(project=project, key=key, name=key.title(), **columns)


def provider(project: Project, name: str = "openai", base_url: str = "https://api.openai.com/v1", **columns: Any) -> ModelProvider:
    return ModelProvider.objects.create(project=project, name=name, base_url=base_url, **columns)


def labels(cells: Sequence[tuple[int, int, int | None]], chosen: Any) -> list[tuple[str, str]]:
    """(subject, target) of each cell."""
    return [(chosen.subjects[cell[0]].label, chosen.targets[cell[1]].frozen["label"]) for cell in cells]
