"""Where the tests of this folder find EvalHub, and the keys they hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A running EvalHub and keys of it: all and reading only in one project, all in another."""

    url: str
    key: str
    reader: str
    stranger: str
