"""The test chat of an agent. The conversation is in the page and nowhere else: each message brings it along and takes it back."""

import uuid
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from pydantic import BaseModel, Field, ValidationError

from agents.llm.types import ChatMessage
from agents.models import Agent
from agents.web.views import agent_or_404
from runs.chats import Answer, chat_answer, model_name
from runs.web.access import PageRequest, member_required, require_editor
from runs.web.agent_test import BUSY, waiting

LONGEST_MESSAGE = 4000
LONGEST_REPLY = 20_000
LONGEST_TALK = 400_000  # characters, as the page carries it
MOST_TURNS = 60
MOST_USD = 1_000_000


class Turn(BaseModel):
    """One message of the page. What a reply took and cost stands beside it."""

    role: str = Field(pattern="^(user|assistant)$")
    content: str = Field(max_length=LONGEST_REPLY)
    seconds: float = Field(0, ge=0, le=3600)
    price: Decimal = Field(Decimal(0), ge=0, le=MOST_USD)
    unpriced: bool = False

    @property
    def is_user(self) -> bool:
        return self.role == "user"


class Talk(BaseModel):
    """A conversation as the page carries it. Only its sender reads it, so it is checked for its shape and not signed."""

    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    turns: list[Turn] = Field(default_factory=list, max_length=2 * MOST_TURNS)

    @property
    def waits(self) -> bool:
        """Whether the user's last message has no answer."""
        return bool(self.turns) and self.turns[-1].is_user

    @property
    def price(self) -> Decimal:
        return sum((turn.price for turn in self.turns), Decimal(0))

    @property
    def unpriced(self) -> int:
        return sum(turn.unpriced for turn in self.turns)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def agent_chat(request: PageRequest, agent_id: uuid.UUID) -> HttpResponse:
    """A new conversation; for a message, the one it belongs to with what the agent said. htmx gets the conversation alone."""
    agent = agent_or_404(request, agent_id)
    require_editor(request)
    told = _told(request, agent) if request.method == "POST" else {"talk": Talk()}
    talk = told["talk"]
    model = model_name(agent)
    context = {"agent": agent, "model": model, "is_demo": model.startswith("demo/"), "longest": LONGEST_MESSAGE, **told}
    context["carried"] = talk.model_dump_json()
    return render(request, "runs/agents/_chat.html" if request.htmx else "runs/agents/chat.html", context)


def _told(request: PageRequest, agent: Agent) -> dict[str, Any]:
    """The conversation with the agent's answer; or with a sentence that says why there is none, and what was typed."""
    carried, typed = request.POST.get("talk", ""), "\n".join(request.POST.get("message", "").splitlines()).strip()
    try:
        talk = Talk.model_validate_json(carried) if len(carried) <= LONGEST_TALK else None
    except ValidationError:
        talk = None
    if talk is None:
        return {"talk": Talk(), "typed": typed, "problem": "This conversation cannot go on, so a new one begins here."}
    if problem := _problem(request, talk, typed, carried):
        return {"talk": talk, "typed": typed, "problem": problem}
    if not request.POST.get("retry"):
        # A message that was never answered gives way to the one that is sent instead of it.
        talk.turns = [*(talk.turns[:-1] if talk.waits else talk.turns), Turn(role="user", content=typed)]
    return _answered(agent, talk)


def _problem(request: PageRequest, talk: Talk, typed: str, carried: str) -> str:
    if request.POST.get("retry"):
        return "" if talk.waits else "There is no message that waits for an answer."
    if not typed:
        return "Type a message first."
    if len(typed) > LONGEST_MESSAGE:
        return f"This message has {len(typed):,} characters; at most {LONGEST_MESSAGE:,} are sent."
    full = len(talk.turns) >= 2 * MOST_TURNS - 1 or len(carried) + len(typed) > LONGEST_TALK - 2 * LONGEST_REPLY
    return "This conversation is as long as a test chat may be. Start a new one." if full else ""


def _answered(agent: Agent, talk: Talk) -> dict[str, Any]:
    answer = _ask(agent, talk)
    if answer.error:
        return {"talk": talk, "problem": answer.error, "may_retry": True}
    cut = answer.text[:LONGEST_REPLY]
    spent = answer.spent
    talk.turns.append(Turn(role="assistant", content=cut, seconds=answer.seconds, price=spent.price_usd, unpriced=bool(spent.unpriced)))
    return {"talk": talk, "was_cut": len(answer.text) - len(cut)}


def _ask(agent: Agent, talk: Talk) -> Answer:
    if not waiting.acquire(blocking=False):
        return Answer(error=BUSY)
    try:
        said = [ChatMessage("user" if turn.is_user else "assistant", turn.content) for turn in talk.turns]
        return chat_answer(agent=agent, said=said, session_id=str(talk.id))
    finally:
        waiting.release()
