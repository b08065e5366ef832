"""Which demo model says what: demo/agent and demo/hasty answer and do tasks, demo/user plays the user. The judge is no speaker."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from agents.llm.demo import agent, tasks, user
from agents.llm.demo.words import sentences
from agents.llm.types import ChatMessage

HASTY_SENTENCES = 2
MISTAKES_OF_TEN = {"agent": 2, "hasty": 5}


def answer(messages: Sequence[ChatMessage], *, model: str) -> str:
    """A task that stands alone is done; everything else is talk, of which demo/hasty says as little as it can."""
    if len(messages) == 1:
        done = tasks.answered(messages[0].content, model=model, mistakes_of_ten=MISTAKES_OF_TEN[model])
        if done is not None:
            return done
    said = agent.answer(messages)
    return " ".join(sentences(said)[:HASTY_SENTENCES]) if model == "hasty" else said


SPEAKERS: Mapping[str, Callable[[Sequence[ChatMessage]], str]] = {
    "agent": partial(answer, model="agent"),
    "hasty": partial(answer, model="hasty"),
    "user": user.speak,
}
