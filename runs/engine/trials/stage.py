"""What every kind of trial works with: asks once, writes down, shows what happened, has it judged. One stage a driven trial."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from agents.llm.errors import LLMError
from agents.llm.types import CallContext, CallRecord, ChatMessage, ChatModel
from runs.engine.transcript import Entry, Line, Purpose, Recorder, keeps
from runs.engine.trials.plan import TrialPlan
from runs.events.types import Event, SessionStarted, TurnCompleted, TurnStarted
from templates_app.models import SourceType

Call = Callable[[Callable[[], Any]], Awaitable[Any]]
START_SECONDS = 0.5  # who has answered by then is written once, with the start
TASK, ANSWER = 0, 1  # the first lines of a trial's transcript; what came of the answer follows


@dataclass(frozen=True, slots=True)
class Shown:
    """What happened, for people and the judge (`told`) and as the outcome is made of it. Nothing secret is in either."""

    name: str
    told: str
    result: Mapping[str, Any]


@dataclass(slots=True)
class Stage:
    """`lines` and `state` are what is committed, and grow with every commit. State keys: latency_ms (of the answer), found.

    `found` has what came of the answer, by name, as `show` was given it: plain JSON of which the outcome is made, now or by another worker.
    `model` is None for a coding agent, `judge` where nobody judges. `call` runs what reads the database on the writer's thread; `http`
    leads to where agent endpoints may be; `may_spend` raises where the money of the run or its project is spent.
    """

    plan: TrialPlan
    recorder: Recorder
    lines: list[Line]
    state: dict[str, Any]
    seed: int
    call: Call
    http: aiohttp.ClientSession
    may_spend: Callable[[str], None]
    model: ChatModel | None = None
    judge: Callable[[], Awaitable[Mapping[str, Any]]] | None = None

    @property
    def latency_ms(self) -> int | None:
        """Of the answer."""
        return self.state.get("latency_ms")

    def found(self, name: str) -> Mapping[str, Any] | None:
        """What came of the answer under that name; None before it is known."""
        result: Mapping[str, Any] | None = self.state.get("found", {}).get(name)
        return result

    @property
    def execution_details(self) -> dict[str, Any]:
        """What the trial's details say of a program that ran, a model's or a coding agent itself; {} where none did."""
        result = self.found("sandbox")
        return {"execution": dict(result), "sandboxed": result["sandboxed"]} if result else {}

    async def ask(self, task: str) -> str:
        """The model's answer to the task, which is all it is told. Raises LLMError; what was paid for until then is written.

        Where nobody is asked after it the answer is written with the end, which follows at once.
        """
        self.put(task)
        if len(self.lines) <= ANSWER and self.model:
            await self._ask(self.model)
        return self.lines[ANSWER].content

    def put(self, task: str) -> None:
        """The task as the first line, written while the answer is awaited: it costs nothing, and whoever goes on would put it again."""
        if self.lines:
            return
        opening = SessionStarted(message=f"{self.plan.label or 'The task'} begins.", name=self.plan.label)
        self.recorder.later(self._entry([Line(TASK, 0, 0, "user", task)], before=[opening], after=[TurnStarted()]), START_SECONDS)

    async def _ask(self, model: ChatModel) -> None:
        context = CallContext(session_id=f"{self.plan.run_id}-0")
        messages = [ChatMessage("user", self.lines[TASK].content)]
        try:
            reply = await model.complete(messages, seed=self.seed, context=context, on_calls=keeps(self.recorder, Purpose.AGENT))
        except LLMError as error:
            await self.recorder.write(Entry(purpose=Purpose.AGENT, calls=error.calls))
            raise
        self.state["latency_ms"] = reply.latency_ms
        answer = self._entry([Line(ANSWER, 0, 0, "assistant", reply.text)], calls=reply.calls)
        if self.plan.source_type == SourceType.PROMPTS and self.judge is None:
            self.recorder.with_next(answer)
        else:
            await self.recorder.write(answer)

    async def answered(self, answer: str, latency_ms: int, calls: tuple[CallRecord, ...], shown: "Shown") -> None:
        """The answer of a coding agent, and what its work came to, in one commit."""
        self.state["latency_ms"] = latency_ms
        await self._write([Line(ANSWER, 0, 0, "assistant", answer), self._kept(shown, ANSWER + 1)], calls=calls)

    async def show(self, shown: "Shown") -> None:
        """What the answer led to."""
        await self._write([self._kept(shown, len(self.lines))])

    def say(self, message: str) -> None:
        """A line of the log about what happens now."""
        self.recorder.later(Entry(events=[TurnStarted(message=message)]))

    async def judged(self) -> Mapping[str, Any]:
        """The judge's result (runs.engine.scoring.combine); {} where nobody judges."""
        return await self.judge() if self.judge else {}

    def _kept(self, shown: "Shown", index: int) -> Line:
        self.state["found"] = {**self.state.get("found", {}), shown.name: dict(shown.result)}
        return Line(index, 0, 0, "tool", shown.told, name=shown.name)

    async def _write(self, lines: list[Line], calls: tuple[CallRecord, ...] = ()) -> None:
        await self.recorder.write(self._entry(lines, calls=calls))

    def _entry(
        self, lines: list[Line], *, before: Sequence[Event] = (), after: Sequence[Event] = (), calls: Sequence[CallRecord] = ()
    ) -> Entry:
        """What is said now, in the transcript and in the log."""
        said = [TurnCompleted(index=line.index, role=line.role, content=line.content) for line in lines]
        self.lines += lines
        return Entry(lines=lines, purpose=Purpose.AGENT, calls=calls, events=[*before, *said, *after], state=dict(self.state))
