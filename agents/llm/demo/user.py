"""demo/user: plays a persona. It says what it wants, brings in its facts, asks back, and is content after three to five messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.llm.demo import scene
from agents.llm.demo.words import first_person, fresh, number, pick, sentences, stems, subjects
from agents.llm.types import ChatMessage

GOAL_MET = "[[goal_met]]"
LEAST_TURNS = 3
ARTICLES = frozenset(["a", "an", "the", "some", "any", "more", "my", "our", "one", "two", "three"])

FIRST_WORDS = [
    "Hi! I would like to {goal}.",
    "Hello, I am trying to {goal}. Can you help?",
    "Hi there. What I am after: to {goal}.",
]
BACK_AGAIN = [
    "Hi, me again. I still want to {goal}.",
    "Hello again, it went half well since we last talked. I would still like to {goal}.",
    "I am back. Can we go on with this: {goal}?",
]
REACTIONS = [
    "That makes sense.",
    "Hm, I am not sure that works for me.",
    "Good point about {word}.",
    "I had not thought of {word}.",
    "Fair enough, although {word} worries me a bit.",
    "Okay, {word} I can do.",
]
FACT_LEADS = ["You should know: {fact}", "One more thing: {fact}", "Just so you know: {fact}", "It matters here: {fact}"]
FOLLOW_UPS = [
    "Could you say more about {word}?",
    "How would I begin with {word}?",
    "And what if {word} does not work out?",
    "Which would you do first?",
    "How long does {word} usually take?",
    "Can you give me an example of {word}?",
]
THANKS = [
    "Thank you, that is what I needed.",
    "Thanks, I know what to do now.",
    "Perfect, thank you for the help with {word}.",
]


@dataclass(frozen=True, slots=True)
class Part:
    """The persona and the session so far, from the user's chair."""

    goal: str
    facts: tuple[str, ...]
    own: tuple[str, ...]
    heard: tuple[str, ...]
    earlier: str

    @property
    def word(self) -> str:
        """Something the other one brought up, new to this user where possible."""
        mine = stems(" ".join(self.own))
        latest = self.heard[-1] if self.heard else ""
        new = [word for word in subjects(latest) if not stems(word) & mine]
        return pick((new or subjects(latest) or ["that"])[:3], *self.own, latest)

    @property
    def enough(self) -> int:
        return LEAST_TURNS + number(self.goal, *self.facts, self.earlier) % 3


def speak(messages: Sequence[ChatMessage]) -> str:
    """The user's next message, with the marker of a met goal once it has had enough."""
    part = _read(messages)
    if not part.own:
        return _first(part)
    if len(part.own) >= part.enough:
        return f"{_chosen(THANKS, part, 'thanks').format(word=part.word)}\n{GOAL_MET}"
    return " ".join([_chosen(REACTIONS, part, "reaction").format(word=part.word), _fact(part) or _follow_up(part)])


def _read(messages: Sequence[ChatMessage]) -> Part:
    system = scene.system_text(messages)
    persona, _, earlier = system.partition("Your earlier conversations with this assistant:")
    goal = scene.field(persona, "What you want from this conversation") or scene.field(persona, "Goal")
    facts = scene.bullets_after(persona, "Facts about you") or [fact for fact in [scene.field(persona, "Facts about you")] if fact]
    heard = [text for text in scene.texts_of(messages, "user") if not text.startswith("(")]
    return Part(_as_wish(goal), tuple(facts), tuple(scene.texts_of(messages, "assistant")), tuple(heard), earlier.strip())


def _as_wish(goal: str) -> str:
    """Fit to stand behind "I would like to"."""
    wish = first_person(goal or "find out what you can do for me").rstrip(".")
    wish = wish[:1].lower() + wish[1:]
    return f"get {wish}" if wish.split(" ")[0] in ARTICLES else wish


def _first(part: Part) -> str:
    opening = _chosen(BACK_AGAIN if part.earlier else FIRST_WORDS, part, "first").format(goal=part.goal)
    return " ".join(filter(None, [opening, _fact(part) if part.earlier else ""]))


def _fact(part: Part) -> str:
    """The next fact that this user has not brought up, in the first person: in the second message, then two times out of three."""
    told = stems(" ".join([*part.own, part.earlier]))
    new = [fact for fact in part.facts if len(stems(fact) & told) * 2 < max(1, len(stems(fact)))]
    if not new or (len(part.own) != 1 and number(*part.own, "fact") % 3 == 0):
        return ""
    return _chosen(FACT_LEADS, part, "lead").format(fact=first_person(new[0]).rstrip(".") + ".")


def _follow_up(part: Part) -> str:
    return _chosen(FOLLOW_UPS, part, "follow up").format(word=part.word)


def _chosen(options: Sequence[str], part: Part, what: str) -> str:
    used = [sentence for text in part.own for sentence in sentences(text)]
    return pick(fresh(options, used), what, part.goal, part.earlier, *part.own, *part.heard)
