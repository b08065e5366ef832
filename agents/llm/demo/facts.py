"""Facts a user states about themselves, found by how such sentences begin; and what a demo agent makes of them between sessions."""

import re
from collections.abc import Sequence

from agents.llm.demo import scene
from agents.llm.demo.words import content_words, other_person, pick, sentences, stems
from agents.llm.types import ChatMessage

MAX_MEMORIES = 12
MAX_FACT_WORDS = 30

_FACT = re.compile(
    r"^(?:(?:and|but|so|also|well|oh|by the way|just so you know),?\s+)*"
    r"(?:i(?:'m|'ve| am| have| work| live| like| love| hate| need| prefer| eat| don't| do not| can't| cannot| never| always| usually|"
    r" spend| own| play| study| get| was)\b|my \w+|we (?:have|live|are|need|eat)\b|call me\b|there are \w+ of us|"
    r"\w+ is (?:allergic|my)\b)",
    re.IGNORECASE,
)


def facts_in(texts: Sequence[str]) -> list[str]:
    """The sentences in which the user says something lasting, in order, each once."""
    found = (sentence for text in texts for sentence in sentences(text))
    return list(dict.fromkeys(sentence for sentence in found if _is_fact(sentence)))


def merged_memory(messages: Sequence[ChatMessage]) -> str:
    """The memory so far with what the conversation adds, one fact a line. The oldest go first when it gets long."""
    prompt = "\n".join(scene.texts_of(messages, "user"))
    known = [line for line in scene.section(prompt, "Memory so far") if not line.startswith("(")]
    lines = list(known)
    for fact in facts_in(scene.spoken_by(prompt, "User")):
        told = f"The user said: {fact}"
        if not any(stems(fact) <= stems(line) for line in lines):
            lines.append(told)
    return "\n".join(f"- {line}" for line in lines[-MAX_MEMORIES:]) or "- Nothing lasting yet."


def diary_entry(messages: Sequence[ChatMessage]) -> str:
    """Two or three sentences about the session, from what the user said in it."""
    said = scene.spoken_by("\n".join(scene.texts_of(messages, "user")), "User")
    topics = content_words(" ".join(said))[:2] or ["nothing in particular"]
    opening = pick(["Today we talked about {0}.", "We spent the time on {0}.", "The talk today went to {0}."], *said).format(
        " and ".join(topics)
    )
    facts = facts_in(said)[:2]
    learned = f"I learned that they said of themselves: {' '.join(facts)}" if facts else "They told me little about themselves."
    return f"{opening} {learned} {pick(['Next time I will ask how it went.', 'I want to come back to it.'], *said, 'end')}"


def told_back(memory_line: str) -> str:
    """A line of memory as the agent says it to the user: "you have two dogs"."""
    return other_person(memory_line.removeprefix("The user said: "))


def _is_fact(sentence: str) -> bool:
    return (
        not sentence.endswith("?")
        and len(sentence.split()) <= MAX_FACT_WORDS
        and bool(_FACT.match(sentence.replace("’", "'")))
        and bool(content_words(sentence))
    )
