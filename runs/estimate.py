"""How many model calls a run will make and what they may cost, worked out before it starts. Plain Python: a plan in, ranges out.

The number of calls follows from the plan alone: it is a range because a simulated user may end a session early. Calls that fail and are
made again, and a judge's answer that does not fit, come on top. Tokens grow with the conversation, since every call carries what was said
before; how long messages are is a guess between SHORT and LONG. For the form, and for whoever plans spending.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from agents.llm.types import Usage
from runs.plan import SessionPlan

CHARACTERS_A_TOKEN = 4
USER_PROMPT, MEMORY_PROMPT, DIARY_PROMPT, JUDGE_PROMPT, LINE_OVERHEAD = 180, 150, 60, 220, 25
EARLIER, REMEMBERED, LOOKED_AT = 1000, 500, 3000  # the most tokens that the prompts carry of earlier sessions, of the memory, of a session


@dataclass(frozen=True, slots=True)
class Words:
    """Tokens of what is written: by a simulated user, an agent, into a memory, a diary, and by a judge for one category."""

    user: int
    agent: int
    memory: int
    diary: int
    verdict: int


SHORT = Words(user=12, agent=30, memory=30, diary=30, verdict=40)
LONG = Words(user=70, agent=400, memory=REMEMBERED, diary=120, verdict=400)


@dataclass(frozen=True, slots=True)
class Range:
    """From the least to the most."""

    low: int = 0
    high: int = 0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """One template that judges. `tokens` are those of its rubric and categories, `longest` limits the judge's answer."""

    purpose: str
    tokens: int
    categories: int
    samples: int
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run is to do. Without `sessions` nothing is simulated, and `transcript` has the tokens and lines of what is judged."""

    sessions: Sequence[SessionPlan] = ()
    hosted: bool = True
    character: int = 0
    persona: int = 0
    consolidation: bool = False
    diary: bool = False
    proactive: bool = False
    rubrics: Sequence[Rubric] = ()
    transcript: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Tally:
    """Calls for one purpose, and all their tokens together."""

    calls: int = 0
    read: int = 0
    written: int = 0

    def add(self, read: int, written: int) -> None:
        self.calls += 1
        self.read += read
        self.written += written


@dataclass(frozen=True, slots=True)
class Purposes:
    """One end of the range: what is asked for each purpose."""

    by_name: dict[str, Tally] = field(default_factory=dict)

    def of(self, name: str) -> Tally:
        return self.by_name.setdefault(name, Tally())


Price = Callable[[Usage], Decimal | None]


@dataclass(frozen=True, slots=True)
class Row:
    """What one purpose takes of one model, of all repeats together. `price` is (least, most) US dollars, None where none is known."""

    purpose: str
    calls: Range
    read: Range
    written: Range
    model: str = ""
    is_demo: bool = False
    price: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """All rows of a plan, for `repeats` runs."""

    rows: Sequence[Row]
    repeats: int = 1

    @property
    def calls(self) -> Range:
        return sum((row.calls for row in self.rows), Range())

    @property
    def price(self) -> tuple[Decimal, Decimal]:
        """Of what has a price: `unpriced` comes on top."""
        known = [row.price for row in self.rows if row.price]
        return sum((low for low, _ in known), Decimal(0)), sum((high for _, high in known), Decimal(0))

    @property
    def unpriced(self) -> list[str]:
        """Models whose price nobody knows."""
        return list(dict.fromkeys(row.model for row in self.rows if row.price is None))

    @property
    def is_free(self) -> bool:
        return not self.unpriced and self.price[1] == 0


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def estimate(asked: Asked, models: Callable[[str], tuple[str, bool, Price]], repeats: int = 1) -> Estimate:
    """`models` says of a purpose which model is asked, whether it is a demo, and what a call costs there."""
    low, high = _walk(asked, SHORT, fewest=True), _walk(asked, LONG, fewest=False)
    rows = []
    for purpose, most in high.by_name.items():
        if most.calls:
            name, is_demo, price = models(purpose)
            rows.append(_row(purpose, low.of(purpose), most, repeats, name, is_demo, price))
    return Estimate(rows, repeats)


def _row(purpose: str, least: Tally, most: Tally, repeats: int, name: str, is_demo: bool, price: Price) -> Row:
    cheapest, dearest = _cost(least, price), _cost(most, price)
    return Row(
        purpose,
        Range(least.calls * repeats, most.calls * repeats),
        Range(least.read * repeats, most.read * repeats),
        Range(least.written * repeats, most.written * repeats),
        name,
        is_demo,
        None if cheapest is None or dearest is None else (cheapest * repeats, dearest * repeats),
    )


def _cost(tally: Tally, price: Price) -> Decimal | None:
    """At the price of a mean call: some models charge more a token for a long one."""
    if not tally.calls:
        return Decimal(0)
    one = price(Usage(tally.read // tally.calls, tally.written // tally.calls))
    return None if one is None else one * tally.calls


def _walk(asked: Asked, words: Words, *, fewest: bool) -> Purposes:
    """Play the plan with messages of these lengths: a persona that leaves as soon as it may (`fewest`), or that never does."""
    made = Purposes()
    said, lines, diary = 0, 0, 0
    for index, plan in enumerate(asked.sessions):
        memory = min(words.memory, REMEMBERED) if asked.consolidation and index else 0
        system = asked.character + memory + diary
        session = _Session(made, words, system, asked.persona, earlier=min(said, EARLIER))
        if asked.proactive and asked.hosted and index:
            session.agent_opens()
        session.play(plan, fewest=fewest)
        if asked.hosted and session.lines:
            diary += _remember(asked, made, words, session.said, memory)
        said, lines = said + session.said, lines + session.lines
    spoken, spoken_lines = asked.transcript if not asked.sessions else (said, lines)
    for rubric in asked.rubrics:
        _judge(made.of(rubric.purpose), rubric, words, spoken + LINE_OVERHEAD * spoken_lines + asked.persona)
    return made


@dataclass(slots=True)
class _Session:
    """One session as it goes on. `said` are the tokens of its messages."""

    made: Purposes
    words: Words
    system: int
    persona: int
    earlier: int
    said: int = 0
    lines: int = 0

    def play(self, plan: SessionPlan, *, fewest: bool) -> None:
        for text in plan.script:
            self._say(tokens_of(text))
            self.agent_answers()
        free = plan.max_turns - len(plan.script)
        for _ in range(min(free, 1) if fewest else free):
            self.made.of("user").add(USER_PROMPT + self.persona + self.earlier + self.said, self.words.user)
            if not fewest:  # its first message may already end the session
                self._say(self.words.user)
                self.agent_answers()

    def agent_answers(self) -> None:
        self.made.of("agent").add(self.system + self.said, self.words.agent)
        self._say(self.words.agent)

    agent_opens = agent_answers

    def _say(self, tokens: int) -> None:
        self.said += tokens
        self.lines += 1


def _remember(asked: Asked, made: Purposes, words: Words, said: int, memory: int) -> int:
    """What a hosted agent writes after a session. Returns how much longer its prompt is from then on."""
    if asked.consolidation:
        made.of("memory").add(MEMORY_PROMPT + memory + min(said, LOOKED_AT), words.memory)
    if not asked.diary:
        return 0
    made.of("memory").add(DIARY_PROMPT + min(said, LOOKED_AT), words.diary)
    return words.diary


def _judge(tally: Tally, rubric: Rubric, words: Words, transcript: int) -> None:
    answer = min(words.verdict * (rubric.categories + 1), rubric.longest)
    for _ in range(rubric.samples):
        tally.add(JUDGE_PROMPT + rubric.tokens + transcript, answer)
