"""Facts a user states about themselves, found by how such sentences begin; and what a demo agent makes of them between sessions."""

import re
from collections.abc import Sequence

from agents.llm.demo import scene
from agents.llm.demo.words import content_words, other_person, pick, sentences, stems, subjects
from agents.llm.types import ChatMessage

MAX_MEMORIES = 12
MAX_FACT_WORDS = 30

# A statement about oneself: somebody speaks of "I" or "my", and says how things are. Reactions to what was just said are none.
_ONESELF = re.compile(r"\b(?:i|i'm|i've|my|we|our)\b", re.IGNORECASE)
_STATE = re.compile(
    r"\b(?:i'm|i've|am|is|are|have|has|was|work|live|like|love|hate|need|prefer|eat|cook|own|play|study|spend|get|don't|can't|cannot|never|always|usually)\b"
    r"|\bcall me\b",
    re.IGNORECASE,
)
_REACTION = re.compile(
    r"^(?:(?:hm+|well|oh|okay|ok|yes|no|and|but),? )?"
    r"(?:i'm not sure|i am not sure|i'm (?:back|here)|i am back|i had not|i hadn't|i would|i'd|i think|i guess|i was wondering|i still|"
    r"thank|that|can|could)\b",
    re.IGNORECASE,
)
_ALLERGY = re.compile(r"\b(?:allergic|allergy)\b", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|and|but|so|also|well|oh|by the way|just so you know|one more thing|you should know|it matters here(?: that)?)"
    r"[,:!]?\s+)+",
    re.IGNORECASE,
)


def facts_in(texts: Sequence[str]) -> list[str]:
    """The sentences in which the user says something lasting, in order, each once."""
    found = (sentence for text in texts for sentence in sentences(text))
    stated = (_LEAD.sub("", sentence) for sentence in found if _is_fact(sentence))
    return list(dict.fromkeys(sentence[:1].upper() + sentence[1:] for sentence in stated))


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
    topics = subjects(" ".join(said))[:2] or ["nothing in particular"]
    opening = pick(["Today we talked about {0}.", "We spent the time on {0}.", "The talk today went to {0}."], *said).format(
        " and ".join(topics)
    )
    facts = facts_in(said)[:2]
    learned = f"I learned that they said of themselves: {' '.join(facts)}" if facts else "They told me little about themselves."
    return f"{opening} {learned} {pick(['Next time I will ask how it went.', 'I want to come back to it.'], *said, 'end')}"


def told_back(memory_line: str) -> str:
    """A line of memory as the agent says it to the user: "you have two dogs"."""
    told = other_person(memory_line.removeprefix("The user said: "))
    return f"you asked for this: {told}" if told.startswith("please") else told


def _is_fact(sentence: str) -> bool:
    plain = _LEAD.sub("", sentence.replace("’", "'"))
    if plain.endswith("?") or len(plain.split()) > MAX_FACT_WORDS or not content_words(plain):
        return False
    return bool(_ALLERGY.search(plain)) or bool(_ONESELF.search(plain) and _STATE.search(plain) and not _REACTION.match(plain))
