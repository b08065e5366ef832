"""The demo models behind the same seam as the real ones: a request comes in, text (or the judge's JSON) goes out."""

import asyncio

import aiohttp

from agents.llm.demo import judge
from agents.llm.demo.speakers import SPEAKERS
from agents.llm.demo.words import count_words
from agents.llm.errors import PermanentError
from agents.llm.spec import ModelSpec
from agents.llm.types import Usage
from agents.llm.wire import Form, Refused, WireReply, WireRequest

MAX_JUDGE_DELAY_S = 0.3  # people want to watch a conversation, not a judge thinking
TOKENS_A_WORD = 4 / 3


class DemoWire:
    """See `wire.Wire`. The session is not used: nothing leaves the process."""

    forms = (Form.JSON_SCHEMA,)

    def __init__(self, spec: ModelSpec, http: aiohttp.ClientSession | None = None) -> None:
        self._spec = spec

    async def ask(self, request: WireRequest) -> WireReply:
        text = self._answer(request)
        delay = self._spec.answer_delay_s
        await asyncio.sleep(min(delay, MAX_JUDGE_DELAY_S) if self._spec.model == "judge" else delay)
        said = sum(count_words(message.content) for message in request.messages)
        return WireReply(text, Usage(_tokens(said), _tokens(count_words(text)), 0), "stop")

    def learn(self, refusal: Refused) -> bool:
        return False

    def _answer(self, request: WireRequest) -> str:
        name = self._spec.name
        if self._spec.model == "judge":
            return judge.judge(request.messages, request.shape)
        if self._spec.model not in SPEAKERS:
            raise PermanentError(
                f"There is no demo model {name}; there are {', '.join(f'demo/{each}' for each in SPEAKERS)} and demo/judge."
            )
        if request.shape is not None:
            raise PermanentError(f"{name} only talks and cannot fill in a form; demo/judge is the demo model that judges.")
        return SPEAKERS[self._spec.model](request.messages)


def _tokens(words: int) -> int:
    return round(words * TOKENS_A_WORD)
