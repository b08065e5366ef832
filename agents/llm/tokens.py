"""About how many tokens a text is, without a tokenizer: the vocabularies are megabytes and differ by vendor. For estimates only; what a
call did cost is what its server counted.

The rule, held against OpenAI's o200k vocabulary in tests/agents/llm/test_tokens.py: a word is a token, a long one more; digits go by
three; signs stand alone or in pairs; Chinese, Japanese and Korean need nearly a token a character; other alphabets about three characters
a token; an emoji two.
"""

import math
import re

WORD = re.compile(r"[A-Za-z]+")
DIGITS = re.compile(r"[0-9]+")
SIGNS = re.compile(r"[!-/:-@\[-`{-~]+")
BREAKS = re.compile(r"\n+")
EAST_ASIAN = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
PICTURES = re.compile(r"[\U00010000-\U0010ffff]")
OTHER = re.compile(r"[\u0080-\u10ff\u1200-\u2e7f\ua000-\uabff]")
LONG_WORD, GROUP, PAIR = 9, 3, 2
PER_EAST_ASIAN, PER_PICTURE, PER_OTHER = 0.8, 1.6, 0.32


def about_tokens(text: str) -> int:
    """An estimate, mostly within a fifth of the truth for a whole prompt; 0 for no text."""
    whole = _pieces(WORD, text, LONG_WORD) + _pieces(DIGITS, text, GROUP) + _pieces(SIGNS, text, PAIR) + len(BREAKS.findall(text))
    parts = PER_EAST_ASIAN * _count(EAST_ASIAN, text) + PER_PICTURE * _count(PICTURES, text) + PER_OTHER * _count(OTHER, text)
    return whole + math.ceil(parts)


def _count(pattern: re.Pattern[str], text: str) -> int:
    return len(pattern.findall(text))


def _pieces(pattern: re.Pattern[str], text: str, size: int) -> int:
    """Each run of such characters as pieces of `size` at most."""
    return sum(-(-len(run) // size) for run in pattern.findall(text))
