"""A run before it is one: what it will ask of which models, and what a past run was asked for. For the pages that start runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agents.character import compile_lasting_prompt
from agents.clients import Providers, UnknownModel
from agents.llm.prices import price_at
from agents.llm.registry import ModelSpec
from agents.models import Agent
from runs.estimate import Asked, Estimate, Price, Rubric, estimate, tokens_of
from runs.models import EvalRun, ModelCall
from runs.plan import plan_sessions
from runs.request import RunRequest
from templates_app.models import EvalTemplate

Kind = EvalRun.Kind
Purpose = ModelCall.Purpose
SIMULATES = {Kind.SIMULATE, Kind.RUN_EVAL}
MEMORY_FLAGS = ("enable_consolidation", "enable_diary", "enable_proactive")


@dataclass(slots=True)
class Preview:
    """An estimate, and for each part (agent, user, judge) why no model can be asked for it."""

    estimate: Estimate
    problems: dict[str, str] = field(default_factory=dict)


def preview(*, kind: str, request: RunRequest, repeats: int, providers: Providers) -> Preview:
    """No query but for the categories of templates that did not come with them."""
    cast = _Cast(request, providers)
    made = estimate(_asked(kind, request), cast.model, repeats)
    return Preview(made, cast.problems)


def _asked(kind: str, request: RunRequest) -> Asked:
    config = request.simulation_config
    simulates = kind in SIMULATES
    judged = [] if kind == Kind.SIMULATE else _rubrics(request)
    said = [str(message.get("content") or "") for message in request.messages]
    return Asked(
        sessions=plan_sessions(request.sessions, config) if simulates else (),
        hosted=not request.agent.is_endpoint,
        character=_character_tokens(request.agent),
        persona=sum(tokens_of(str(value)) for value in request.user_persona.values() if value),
        consolidation=bool(config.get("enable_consolidation")),
        diary=bool(config.get("enable_diary")),
        proactive=bool(config.get("enable_proactive")),
        rubrics=judged,
        transcript=(sum(map(tokens_of, said)), len(said)),
    )


def _character_tokens(agent: Agent) -> int:
    if agent.is_endpoint:
        return 0
    return tokens_of(compile_lasting_prompt({"name": agent.name, **agent.character}))


def _rubrics(request: RunRequest) -> list[Rubric]:
    given = ((Purpose.JUDGE, request.template), (Purpose.ADAPTATION, request.adaptation_template))
    return [_rubric(purpose, template) for purpose, template in given if template]


def _rubric(purpose: str, template: EvalTemplate) -> Rubric:
    categories = list(template.categories.all())
    # Twice: a category stands in the prompt and in the schema of the answer.
    words = sum(2 * tokens_of(f"{category.label} {category.prompt_instructions}") for category in categories)
    return Rubric(
        purpose=purpose,
        tokens=tokens_of(template.scoring_rubric) + words,
        categories=len(categories),
        samples=template.judge_samples,
        longest=template.max_tokens,
    )


@dataclass(slots=True)
class _Cast:
    """Who will be asked for which purpose, as the engine will find them."""

    request: RunRequest
    providers: Providers
    problems: dict[str, str] = field(default_factory=dict)

    def model(self, purpose: str) -> tuple[str, bool, Price]:
        """Its name, whether it is a demo, and the price of a call. A name that leads nowhere is a problem, and unpriced."""
        part, name = self._named(purpose)
        if part == "agent" and self.request.agent.is_endpoint:
            return self._told(self._endpoint())
        try:
            return self._told(self.providers.spec(name, part=part))
        except UnknownModel as unknown:
            self.problems[part] = unknown.message
            return name or "no model", False, lambda usage: None

    def _named(self, purpose: str) -> tuple[str, str]:
        request = self.request
        if purpose == Purpose.USER:
            return "user", str(request.simulation_config.get("model") or "")
        if purpose in (Purpose.AGENT, Purpose.MEMORY):
            return "agent", request.model or request.agent.model
        rubric = request.template if purpose == Purpose.JUDGE else request.adaptation_template
        return "judge", request.judge_model or (rubric.judge_model if rubric else "")

    def _endpoint(self) -> ModelSpec:
        agent = self.request.agent
        kind = "webhook" if agent.kind == Agent.Kind.WEBHOOK else "openai"
        return ModelSpec(provider="endpoint", model=self.request.model or agent.model or agent.name, kind=kind, base_url=agent.endpoint_url)

    def _told(self, spec: ModelSpec) -> tuple[str, bool, Price]:
        return spec.name, spec.kind == "demo", partial(price_at, spec)


def sessions_of(run: EvalRun) -> list[dict[str, Any]]:
    """The sessions of a past run as a request would ask for them."""
    return [
        {
            "name": plan["name"],
            "time_gap_hours": plan["gap_minutes"] / 60,
            "turns": [{"user_message": text} for text in plan["script"]],
            "max_turns": plan["max_turns"],
        }
        for plan in run.sessions
    ]


def longest_free(sessions: Sequence[Mapping[str, Any]], otherwise: int) -> int:
    """The limit of turns that a past run's free sessions had."""
    return max((int(each["max_turns"]) for each in sessions if int(each["max_turns"]) > len(each["turns"])), default=otherwise)
