"""demo/agent: answers in character. It takes up the user's words, remembers what its prompt says, and never chooses by chance."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.llm.demo import facts, scene
from agents.llm.demo.words import fresh, number, other_person, pick, sentences, stems, subjects
from agents.llm.types import ChatMessage

_MEMORY_TASK = re.compile(r"keep an assistant's memory|merge .{0,80}\bmemory\b", re.IGNORECASE)
_DIARY_TASK = re.compile(r"write (?:a|your) (?:diary|journal)", re.IGNORECASE)
_OPEN_TASK = re.compile(r"^\(.*\b(?:open|start)\b.*\bconversation\b.*\)$", re.IGNORECASE | re.DOTALL)
_TROUBLE = re.compile(
    r"\b(tired|exhausted|stress\w*|worried|afraid|sad|alone|lonely|sick|hurt|angry|frustrat\w*|overwhelmed|"
    r"bad day|hard day|difficult|hospital)\b",
    re.I,
)
_THANKS = re.compile(r"\b(thanks|thank you|that helps|bye|goodbye|see you)\b", re.I)
_AVOIDED = re.compile(r"\ballergic to ([\w ]{3,40})", re.IGNORECASE)
_ASKS_MEMORY = re.compile(r"\b(remember|did i (?:tell|say)|what did i|do you know (?:my|what i))\b", re.I)

COMFORT = [
    "I am sorry, that sounds like a lot to carry.",
    "That is hard, and it makes sense that you feel it.",
    "Thank you for telling me; that cannot be easy.",
    "I hear you, and we can take this slowly.",
]
TAKEN_UP = [
    "So you say that {fact}; good to know before anything else.",
    "Understood: {fact}.",
    "That helps me, knowing that {fact}.",
    "Right, {fact}, so let me build on that.",
    "Thank you for telling me that {fact}.",
    "I understand: {fact}. I will keep to it.",
]
ON_TOPIC = [
    "About {topic}: I would start with one small step and see how it goes.",
    "With {topic} I find that a simple plan beats a perfect one.",
    "For {topic} I would choose what you can repeat on a busy day.",
    "When it comes to {topic}, the first try only has to be good enough.",
    "Let us look at {topic} together, one piece at a time.",
    "I would keep {topic} short and honest: one thing today, the next one tomorrow.",
    "{topic} first, then; the rest usually sorts itself out.",
    "There are two ways to deal with {topic}, and I would take the shorter one.",
    "I think {topic} is where a little effort pays most.",
]
SECOND_THOUGHT = [
    "You could try the {topic} part first and leave the rest for the weekend.",
    "Set aside twenty minutes for it, and put {topic} at the front.",
    "I would write down what works for {topic}, so that next time is easier.",
    "If it does not fit, we change it; nothing about {topic} is carved in stone.",
    "Maybe leave {topic} for the evening when nobody is in a hurry.",
    "It depends on the day, of course, and you know yours better than I do.",
]
FROM_MYSELF = [
    "I am fond of {like} myself, so I may be a little partial.",
    "It reminds me of {like}, which I never get tired of.",
    "As somebody who likes {like}, I would take the unhurried way.",
]
REMEMBERED = [
    "I have not forgotten that {fact}.",
    "You told me that {fact}, so I keep that in mind.",
    "Since you mentioned that {fact}, I would plan around it.",
    "And because {fact}, I leave out whatever does not go with it.",
]
QUESTIONS = [
    "What matters most to you about {topic}?",
    "How much time do you have for {topic}?",
    "Would that fit your week?",
    "What have you tried so far with {topic}?",
    "Shall I go into more detail on {topic}?",
]
FAREWELLS = [
    "You are welcome. Tell me next time how it went with {topic}.",
    "Gladly. I am curious how {topic} turns out.",
    "My pleasure, take care, and let me know about {topic}.",
]
NO_MEMORY = "I do not think you have told me that yet, and I would rather ask than guess."


@dataclass(frozen=True, slots=True)
class Scene:
    """Who the agent is and what was said, read from the messages."""

    name: str
    likes: tuple[str, ...]
    memory: tuple[str, ...]
    said: tuple[str, ...]
    replies: tuple[str, ...]

    @property
    def latest(self) -> str:
        return self.said[-1] if self.said else ""

    @property
    def topic(self) -> str:
        """The subjects of the latest message, or of the one before when it has none. What somebody must avoid is not served up."""
        for text in reversed(self.said):
            if avoided := _AVOIDED.search(text):
                return f"doing without {avoided.group(1).strip()}"
            found = subjects(text)
            if found:
                return " and ".join(sorted(found[:2], key=text.lower().find))
        return "what you have in mind"


def answer(messages: Sequence[ChatMessage]) -> str:
    """The agent's next message, or its memory or diary where the prompt asks for one."""
    system = scene.system_text(messages)
    if _MEMORY_TASK.search(system):
        return facts.merged_memory(messages)
    if _DIARY_TASK.search(system):
        return facts.diary_entry(messages)
    here = _read(system, messages)
    if not here.said or _OPEN_TASK.match(here.latest.strip()):
        return _opening(here)
    return _farewell(here) if _THANKS.search(here.latest) and "?" not in here.latest else _reply(here)


def _read(system: str, messages: Sequence[ChatMessage]) -> Scene:
    return Scene(
        name=scene.name_in(system, "your assistant"),
        likes=tuple(scene.section(system, "What you like")),
        memory=tuple(line for line in scene.section(system, "What you remember about this user") if not line.startswith("Nothing lasting")),
        said=tuple(scene.texts_of(messages, "user")),
        replies=tuple(scene.texts_of(messages, "assistant")),
    )


def _reply(here: Scene) -> str:
    parts = [_greeting(here), _reaction(here), _memory_answer(here), *_substance(here), _recall(here), _question(here)]
    return " ".join(part for part in parts if part)


def _opening(here: Scene) -> str:
    lasting = [fact for fact in here.memory if len(stems(fact)) > 1]
    if not lasting:
        return f"Hello, {here.name} here. What would you like to talk about?"
    fact = facts.told_back(pick(lasting, *here.memory))
    return f"Hello again, {here.name} here. Last time I learned that {fact}. How has it been since?"


def _farewell(here: Scene) -> str:
    return _chosen(FAREWELLS, here, "farewell").format(topic=here.topic)


def _greeting(here: Scene) -> str:
    if here.replies:
        return ""
    return "Good to hear from you again." if here.memory else f"Hello, I am {here.name}."


def _reaction(here: Scene) -> str:
    """Comfort where something is hard, else the fact of the latest message that says most, said back."""
    if _TROUBLE.search(here.latest):
        return _chosen(COMFORT, here, "comfort")
    stated = facts.facts_in([here.latest])
    richest = max(stated, key=lambda fact: len(stems(fact)), default="")
    return _chosen(TAKEN_UP, here, "taken up").format(fact=other_person(richest)) if richest else ""


def _memory_answer(here: Scene) -> str:
    """The answer to "do you remember…?": what fits the question best, or an honest no."""
    if not _ASKS_MEMORY.search(here.latest):
        return ""
    known = [*here.memory, *facts.facts_in(here.said[:-1])]
    asked = stems(here.latest)
    best = max(known, key=lambda fact: len(asked & stems(fact)), default="")
    return f"Yes: {facts.told_back(best)}." if best and asked & stems(best) else NO_MEMORY


def _substance(here: Scene) -> list[str]:
    topic = here.topic
    lines = [_sentence(_chosen(ON_TOPIC, here, "topic").format(topic=topic))]
    if number(here.latest, "second") % 3:
        lines.append(_chosen(SECOND_THOUGHT, here, "second").format(topic=topic.split(" and ")[0]))
    if here.likes and number(here.latest, "self") % 3 == 0:
        lines.append(_chosen(FROM_MYSELF, here, "self").format(like=pick(here.likes, *here.said)))
    return lines


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _recall(here: Scene) -> str:
    """One fact from memory or from earlier in this talk that was not said back yet, nearest to the topic first."""
    known = [*here.memory, *facts.facts_in(here.said[:-1])]
    before = " ".join(here.replies)
    new = [fact for fact in known if len(stems(fact)) > 1 and facts.told_back(fact) not in before]
    if not new or number(here.latest, "recall") % 4 == 0:
        return ""
    fact = max(new, key=lambda item: len(stems(item) & stems(here.latest)))
    return _chosen(REMEMBERED, here, "recall").format(fact=facts.told_back(fact))


def _question(here: Scene) -> str:
    if number(*here.said, "ask") % 3 == 0:
        return ""
    return _chosen(QUESTIONS, here, "question").format(topic=here.topic.split(" and ")[-1])


def _chosen(options: Sequence[str], here: Scene, part: str) -> str:
    used = [sentence for reply in here.replies for sentence in sentences(reply)]
    return pick(fresh(options, used), part, *here.said)
