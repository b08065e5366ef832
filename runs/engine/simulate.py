"""A simulated user talks to an agent over sessions with a simulated clock. Plain Python: models and a recorder come in, nothing else.

What is committed is never asked for again: the whole state is the lines written so far and one small dict, so another worker goes on at
the next message. `state` keys: memory, diary, sessions [{name, reason, turns}], open_session, ending, clock, prompt_version,
user_temperature, seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agents.character import at_time, compile_lasting_prompt
from agents.llm.errors import LLMError
from agents.llm.types import CallContext, ChatMessage, ChatModel, Reply
from runs.engine import prompts
from runs.engine.transcript import Entry, Line, Purpose, Recorder, keeps
from runs.events.types import Event, SessionCompleted, SessionStarted, SimulationCompleted, TurnCompleted, TurnStarted
from runs.plan import MINUTES_A_TURN, SessionPlan

USER_TEMPERATURE = 0.8


class SimulationFailed(Exception):
    """The agent or the simulated user cannot go on. `code` and the message become the run's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What was asked for, frozen. `character` is empty for an endpoint, which keeps its own memory."""

    run_id: str
    user_id: str
    sessions: Sequence[SessionPlan]
    persona: Mapping[str, Any]
    character: Mapping[str, Any]
    starts_at: datetime
    hosted: bool = True
    consolidation: bool = False
    diary: bool = False
    proactive: bool = False
    seed: int = 0


@dataclass(slots=True)
class Simulation:
    """One run of a scenario, started or continued. `lines` and `state` grow with every commit; `user` may be None when all is scripted."""

    scenario: Scenario
    agent: ChatModel
    user: ChatModel | None
    recorder: Recorder
    lines: list[Line] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    # The agent's prompt but for the clock, and the memory and diary it was compiled with: they change between sessions only.
    _lasting: tuple[tuple[str, list[str]] | None, str] = (None, "")

    async def play(self) -> None:
        """Play every session that is not done yet. Raises SimulationFailed; what was said until then is committed."""
        if self.state.get("finished"):
            return
        for index in range(len(self.done), len(self.scenario.sessions)):
            await self._session(index)
        minutes = self.minutes
        self.state["finished"] = True
        count = len(self.done)
        said = f"Simulated {count} session{'s' if count != 1 else ''}."
        event = SimulationCompleted(message=said, simulated_minutes=minutes, session_index=max(count - 1, 0))
        self._later([event], minutes)

    @property
    def done(self) -> list[dict[str, Any]]:
        """The sessions that have ended, with their stop reasons."""
        found: list[dict[str, Any]] = self.state.setdefault("sessions", [])
        return found

    @property
    def clock(self) -> datetime:
        """Where the simulated clock stands: at the end of the last session that is done."""
        return datetime.fromisoformat(self.state["clock"]) if "clock" in self.state else self.scenario.starts_at

    @property
    def minutes(self) -> int:
        return int((self.clock - self.scenario.starts_at) / timedelta(minutes=1))

    async def _session(self, index: int) -> None:
        plan = self.scenario.sessions[index]
        if self.state.get("open_session") != index:
            self.state |= {"open_session": index, "ending": ""} | self._how()
            now = self._time(index, 0)
            started = SessionStarted(message=f"{plan.name} begins.", session_index=index, name=plan.name, simulated_at=now.isoformat())
            self._later([started, TurnStarted(session_index=index)])
        try:
            reason = await self._talk(index, plan)
            await self._remember(index)
        except LLMError as error:
            await self._fail(index, error)
        self._close(index, plan, reason)

    def _how(self) -> dict[str, Any]:
        """What results depend on beside the models, kept with the run."""
        return {"prompt_version": prompts.PROMPT_VERSION, "user_temperature": USER_TEMPERATURE, "seed": self.scenario.seed}

    async def _talk(self, index: int, plan: SessionPlan) -> str:
        """Turns until somebody or a limit ends the session. Returns the stop reason."""
        if self._wants_opening(index):
            await self._agent_opens(index)
        said = self._said(index)
        if self.state.get("ending"):
            return str(self.state["ending"])
        if said and said[-1].role == "user":  # committed before a crash, not yet answered
            await self._agent_answers(index, said[-1].turn_index, plan)
        while (turn := self._turns(index)) < plan.max_turns:
            ending = await self._user_speaks(index, turn, plan)
            if ending:
                return ending
            await self._agent_answers(index, turn, plan)
        return "max_turns" if plan.max_turns > len(plan.script) else "script_done"

    async def _user_speaks(self, index: int, turn: int, plan: SessionPlan) -> str:
        """The next user message, from the script or from the persona. Returns the stop reason, "" to go on."""
        if self.user is None or turn < len(plan.script):
            await self._say(index, turn, "user", plan.script[turn], Purpose.USER, None)
            return ""
        now = self._time(index, turn)
        system = prompts.user_prompt(self.scenario.persona, now, [line for line in self.lines if line.session_index < index])
        messages = prompts.seen_by_user(system, self._said(index))
        reply = await self._ask(self.user, Purpose.USER, messages, index, turn, temperature=USER_TEMPERATURE)
        text, ending = prompts.read_ending(reply.text)
        self.state["ending"] = ending
        if text or not ending:
            await self._say(index, turn, "user", text, Purpose.USER, reply)
        else:
            await self._write(purpose=Purpose.USER, reply=reply)
        return ending

    async def _agent_answers(self, index: int, turn: int, plan: SessionPlan) -> None:
        messages = prompts.seen_by_agent(self._system(index, turn), self._said(index))
        reply = await self._ask(self.agent, Purpose.AGENT, messages, index, turn)
        goes_on = turn + 1 < plan.max_turns
        await self._say(index, turn, "assistant", reply.text, Purpose.AGENT, reply, writing_next=goes_on)

    def _wants_opening(self, index: int) -> bool:
        return self.scenario.proactive and self.scenario.hosted and index > 0 and not self._said(index)

    async def _agent_opens(self, index: int) -> None:
        messages = prompts.proactive_messages(self._system(index, 0))
        reply = await self._ask(self.agent, Purpose.AGENT, messages, index, 0)
        await self._say(index, 0, "assistant", reply.text, Purpose.AGENT, reply)

    async def _remember(self, index: int) -> None:
        """Between sessions a hosted agent merges what it learned, and writes its diary, where the run asks for it."""
        session = self._said(index)
        if not self.scenario.hosted or not session:
            return
        if self.scenario.consolidation and self.state.get("memory_of") != index:
            messages = prompts.memory_messages(self.state.get("memory", ""), session)
            reply = await self._ask(self.agent, Purpose.MEMORY, messages, index, 0)
            self.state |= {"memory": reply.text[: prompts.MEMORY_CHARACTERS], "memory_of": index}
            await self._write(purpose=Purpose.MEMORY, reply=reply)
        if self.scenario.diary and len(self.state.get("diary", [])) <= index:
            messages = prompts.diary_messages(str(self.scenario.character.get("name", "")), session)
            reply = await self._ask(self.agent, Purpose.MEMORY, messages, index, 0)
            self.state["diary"] = [*self.state.get("diary", []), reply.text]
            await self._write(purpose=Purpose.MEMORY, reply=reply)

    def _close(self, index: int, plan: SessionPlan, reason: str) -> None:
        turns = self._turns(index)
        self.state["clock"] = self._time(index, max(turns, 1)).isoformat()
        self.state["sessions"] = [*self.done, {"name": plan.name, "reason": reason, "turns": turns}]
        self.state["ending"] = ""
        event = SessionCompleted(message=f"{plan.name} ended: {reason.replace('_', ' ')}.", session_index=index, reason=reason)
        self._later([event], self.minutes)

    async def _fail(self, index: int, error: LLMError) -> None:
        """Keep what the failing calls cost, say how the session ended, and give up."""
        self.state["failed_session"] = index
        event = SessionCompleted(message=error.message, session_index=index, reason="error")
        await self.recorder.write(Entry(events=[event], state=dict(self.state)))
        raise SimulationFailed(error.code, error.message) from error

    # What was said, when, and how it is written down

    def _said(self, index: int) -> list[Line]:
        return [line for line in self.lines if line.session_index == index]

    def _turns(self, index: int) -> int:
        return sum(line.role == "user" for line in self._said(index))

    def _time(self, index: int, turn: int) -> datetime:
        return self.clock + timedelta(minutes=self.scenario.sessions[index].gap_minutes + MINUTES_A_TURN * turn)

    def _system(self, index: int, turn: int) -> str:
        if not self.scenario.hosted:
            return ""
        memory, diary = self.state.get("memory", ""), self.state.get("diary", [])
        if self._lasting[0] != (memory, diary):
            self._lasting = ((memory, diary), compile_lasting_prompt(self.scenario.character, memory=memory, diary=diary))
        return at_time(self._lasting[1], self._time(index, turn))

    async def _ask(
        self, model: ChatModel, purpose: Purpose, messages: Sequence[ChatMessage], index: int, turn: int, **settings: Any
    ) -> Reply:
        session_id = f"{self.scenario.run_id}-{index}"
        context = CallContext(session_id=session_id, user_id=self.scenario.user_id, simulated_at=self._time(index, turn), turn_index=turn)
        seed = self.scenario.seed + len(self.lines)
        try:
            return await model.complete(messages, seed=seed, context=context, on_calls=keeps(self.recorder, purpose), **settings)
        except LLMError as error:
            await self.recorder.write(Entry(purpose=purpose, calls=error.calls))
            raise

    async def _say(
        self, index: int, turn: int, role: str, text: str, purpose: Purpose, reply: Reply | None, *, writing_next: bool = False
    ) -> None:
        """One message becomes a line of the transcript, with the call that made it, in one commit."""
        late = timedelta(minutes=1 if role == "assistant" else 0)
        line = Line(len(self.lines), index, turn, role, text, self._time(index, turn) + late)
        self.lines.append(line)
        event = TurnCompleted(
            session_index=index,
            index=line.index,
            turn_index=turn,
            role=role,
            content=text,
            simulated_at=str(line.simulated_at and line.simulated_at.isoformat()),
        )
        events: list[Event] = [event]
        if writing_next:
            events.append(TurnStarted(session_index=index, turn_index=turn + 1))
        minutes = int((self._time(index, turn) - self.scenario.starts_at) / timedelta(minutes=1))
        await self._write(lines=[line], events=events, purpose=purpose, reply=reply, minutes=minutes)

    def _later(self, events: Sequence[Event], minutes: int | None = None) -> None:
        """What is said between the messages: nothing is lost with it, so no call waits for it."""
        self.recorder.later(Entry(events=events, state=dict(self.state), simulated_minutes=minutes))

    async def _write(
        self,
        *,
        lines: Sequence[Line] = (),
        events: Sequence[Event] = (),
        purpose: Purpose = Purpose.AGENT,
        reply: Reply | None = None,
        minutes: int | None = None,
    ) -> None:
        calls = reply.calls if reply else ()
        await self.recorder.write(
            Entry(lines=lines, purpose=purpose, calls=calls, events=events, state=dict(self.state), simulated_minutes=minutes)
        )
