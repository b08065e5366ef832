"""Platforms that prompts name and no target of their project can be. It is noted and never refused: the API takes any name, and a prompt
may be written before the provider is added that it is for.

What can be asked is known to a room above this one, which tells it here when the apps are ready.
"""

from collections.abc import Callable, Collection, Iterable

from evalhub.accounts.models import Project

Known = Callable[[Project], Collection[str]]
MOST_SHOWN = 10
_told: list[Known] = []


def tell(known: Known) -> None:
    """`known` answers the names that a target of a project may have."""
    _told[:] = [known]


def known(project: Project) -> list[str]:
    return sorted({name for each in _told for name in each(project)})


def unknown(project: Project, names: Iterable[str]) -> list[str]:
    """Those of `names` that nothing can be asked by, each once. No query where there is no name."""
    named = list(dict.fromkeys(names))
    there = set(known(project)) if named else set()
    return [name for name in named if name not in there]


def note(names: Collection[str]) -> str:
    """What is said of unknown ones."""
    told = [*list(names)[:MOST_SHOWN], *(["…"] if len(names) > MOST_SHOWN else [])]
    return f"This project has no platform {', '.join(told)}: no target can be there until a provider or coding agent has that very name."
