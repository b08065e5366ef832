"""One message to an agent outside of any run: somebody tries it out in a page. The models, prompts and the outbound policy are a run's.

Nothing is stored but what it cost (`runs.spend`). The conversation comes from the page and goes back to it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone

from agents.character import compile_system_prompt
from agents.clients import agent_spec, load_providers
from agents.llm.errors import LLMError
from agents.llm.http import open_session
from agents.llm.registry import connect
from agents.llm.spec import ModelSpec
from agents.llm.types import CallContext, ChatMessage, Reply
from agents.models import Agent
from evalhub.common.outbound_policy import outbound_policy
from runs.budget import BudgetSpent, refuse_when_spent
from runs.spend import Spent, calls_tally

LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Either `text` or `error` is set. `seconds` is how long the model took."""

    text: str = ""
    error: str = ""
    seconds: float = 0.0
    spent: Spent = Spent()


def model_name(agent: Agent) -> str:
    """What answers for it: where it names no model, the one a run would begin with now. "" where nothing is known."""
    if agent.model or agent.is_endpoint:
        return agent.model
    try:
        return load_providers(agent.project).default_name("agent")
    except LLMError:
        return ""


def chat_answer(*, agent: Agent, said: Sequence[ChatMessage], session_id: str) -> Answer:
    """What the agent says to a conversation that ends with the user's message. One try, LONGEST_S at most; the calls are tallied.

    Never raises for what a model, its server or its configuration does.
    """
    try:
        refuse_when_spent(agent.project)
        spec = _spec(agent)
        messages = _messages(agent, said)
    except LLMError as error:
        return Answer(error=error.message)
    except BudgetSpent as spent:
        return Answer(error=str(spent))
    except ValueError as error:
        return Answer(error=f"No prompt can be made of this character: {error}")
    return _answered(agent, spec, messages, session_id)


def _spec(agent: Agent) -> ModelSpec:
    spec = agent_spec(agent.snapshot(), load_providers(agent.project), project=agent.project)
    return replace(spec, max_attempts=1, timeout_s=min(spec.timeout_s, LONGEST_S))


def _messages(agent: Agent, said: Sequence[ChatMessage]) -> list[ChatMessage]:
    """As a run's agent sees them; an endpoint has no system prompt of ours."""
    if agent.is_endpoint:
        return list(said)
    system = compile_system_prompt({"name": agent.name, **agent.character}, simulated_at=timezone.now())
    return [ChatMessage("system", system), *said]


def _answered(agent: Agent, spec: ModelSpec, messages: Sequence[ChatMessage], session_id: str) -> Answer:
    text, error = "", ""
    try:
        reply = asyncio.run(_ask(spec, messages, session_id, is_endpoint=agent.is_endpoint))
        text, calls = reply.text, reply.calls
    except LLMError as failure:
        error, calls = failure.message, failure.calls
    spent = calls_tally(project=agent.project, calls=calls)
    return Answer(text=text, error=error, seconds=sum(call.latency_ms for call in calls) / 1000, spent=spent)


async def _ask(spec: ModelSpec, messages: Sequence[ChatMessage], session_id: str, *, is_endpoint: bool) -> Reply:
    context = CallContext(session_id=session_id, user_id="test-chat", simulated_at=timezone.now(), turn_index=len(messages) // 2)
    # A provider's address is an owner's setting, an endpoint's is whatever an editor typed.
    async with open_session(outbound_policy() if is_endpoint else None) as http:
        return await connect(spec, http).complete(messages, context=context)
