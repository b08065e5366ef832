"""Keeps a provider's key or an agent's token out of all that is kept and shown, should the server repeat it. Plain Python.

The words of a server go through `hidden` before they are shortened for a message: half a key at the cut would still be half a key.
"""

from functools import lru_cache
from typing import Any

from agents.llm.spec import ModelSpec
from evalhub.common.masking import Mask

NAME = "the API key"
SECRET_FROM = 16  # characters; "ollama" or "none" are keys of local servers, and words of conversations too


def hidden(spec: ModelSpec, told: str) -> str:
    """What a server said about a failure."""
    key = spec.api_key.strip()
    return str(_mask(key).apply(told)) if key else told


def hidden_data(spec: ModelSpec, told: Any) -> Any:
    """The same for JSON."""
    key = spec.api_key.strip()
    return _mask(key).apply(told) if key else told


def hidden_in_reply(spec: ModelSpec, text: str) -> str:
    """What a model answered, which becomes a transcript: changed only for what cannot be a word of it."""
    return hidden(spec, text) if len(spec.api_key.strip()) >= SECRET_FROM else text


@lru_cache(maxsize=256)
def _mask(key: str) -> Mask:
    return Mask({NAME: key}, form="[{}]")
