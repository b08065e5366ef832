"""Small language tools of the demo models: words, sentences, changing who speaks, choosing without chance."""

import re
from collections.abc import Sequence
from hashlib import sha256

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NO_NOUN = ("ly", "ed", "ing", "ier", "iest", "ful", "ous", "ic", "able")
_BEHIND = re.compile(
    r"\b(?:the|a|an|my|our|your|some|no|two|three|for|of|with|about|are|half a)\s+(?=([^\W\d_]+)(?:(?:,| and|, and)\s+([^\W\d_]+))?)",
    re.IGNORECASE,
)
_VAGUE = """
point problem question answer step piece plan way part rest stone week weekend time minutes minute hours hour days evening evenings
morning tonight tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday front detail example start bit kind sort
help advice idea person people try trying works working matters matter makes means comes becomes brought bring brings write wrote told
forgotten thinks guess hope worries fits happens together myself yourself around later better worse easier half full new old big small
simple perfect busy fair enough sense next unhurried partial course hurry shorter spend though thought although using itself
daughter daughters son sons wife husband partner mother father mum mom dad parents sister brother kid kids child children baby girl boy
family friend friends boss colleague colleagues neighbour neighbours guest guests
"""
VAGUE = frozenset(_VAGUE.split())
_PLACE = re.compile(r"\{\w+\}")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")

_STOPWORDS = """
a able about above after again all almost alone also always am an and any anything are as at away back be because been before being
between both but by can cannot come could day did do does doing done down each else even ever every few find first for from get gets
give go goes going good got great had has have having he hello her here hers hey hi him his how i if in into is it its just keep know
last least less let like little long look lot made make makes many may maybe me mean might mind more most much must my need never new
next no not nothing now of off often oh ok okay on once one only or other our out over own part please put quite rather really right
said same say see seem she should since so some something soon still such sure take tell than thank thanks that the their them then
there these they thing things think this those though through time to today told too try two under until up us use used very want was
way we well went were what when where whether which while who whole why will with without would yes yet you your yours
"""
STOPWORDS = frozenset(_STOPWORDS.split())
# What a speaker says of themselves, as the other one would say it. Both directions at once, so that it stays one pass.
_OTHER_PERSON = {
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "am": "are",
    "i'm": "you're",
    "i've": "you've",
    "i'd": "you'd",
    "i'll": "you'll",
    "was": "were",
    "you": "I",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "you're": "I'm",
    "you've": "I've",
}
_IRREGULAR = {"has": "have", "is": "am", "does": "do", "was": "was", "goes": "go"}


def words(text: str) -> list[str]:
    return _WORD.findall(text.replace("’", "'").lower())


def count_words(text: str) -> int:
    return len(text.split())


def stem(word: str) -> str:
    """Near enough that "dogs" meets "dog" and "cooking" meets "cook"."""
    word = word.removesuffix("'s")
    for ending, rest in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + rest
    return word


def content_words(text: str) -> list[str]:
    """The words that carry the matter, as they stand in the text, each once."""
    return [word for word in dict.fromkeys(words(text)) if len(word) > 2 and word.split("'")[0] not in STOPWORDS]


def subjects(text: str) -> list[str]:
    """What a text is about: words that probably are nouns, the likeliest first. A word behind "the", "my" or "with" often is one."""
    behind = {word.lower() for pair in _BEHIND.findall(text) for word in pair}
    likely = [word for word in content_words(text) if word not in VAGUE and not word.endswith(_NO_NOUN) and "'" not in word]
    return sorted([word for word in likely if word in behind] or likely, key=lambda word: (not word.endswith("s"), -len(word), word))


def stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in content_words(text))


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def pick(options: Sequence[str], *key: str) -> str:
    """One of `options`, the same for the same key on every machine."""
    return options[number(*key) % len(options)]


def number(*key: str) -> int:
    return int.from_bytes(sha256("\x1f".join(key).encode("utf-8", "replace")).digest()[:6], "big")


def fresh(options: Sequence[str], said: Sequence[str]) -> list[str]:
    """The options whose wording was not used yet; all of them once everything was used."""
    before = " ".join(said)
    return [option for option in options if max(_PLACE.split(option), key=len).strip() not in before] or list(options)


def other_person(sentence: str) -> str:
    """ "I have two dogs." -> "you have two dogs", without the full stop, ready to stand behind "that"."""
    told = _WORD.sub(lambda match: _OTHER_PERSON.get(match.group().replace("’", "'").lower(), match.group()), sentence.strip().rstrip(".!"))
    return _lower_first(told)


def first_person(sentence: str) -> str:
    """ "He has late shifts and his flat is small." -> "I have late shifts and my flat is small." """
    told = re.sub(r"^(He|She|They)\s+(\w+)", lambda match: f"I {_own_verb(match.group(2))}", sentence.strip())
    return re.sub(r"\b(his|their)\b|\bher(?=\s+[a-z])", "my", told)


def _own_verb(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb


def _lower_first(text: str) -> str:
    """Lower case at the front, but for names and "I"."""
    first = words(text)[0].split("'")[0] if words(text) else ""
    return text[:1].lower() + text[1:] if first in STOPWORDS and first != "i" else text
