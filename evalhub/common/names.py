"""Names of the rows of one project. Two that differ by case alone are one to whoever reads them, so no new one may be such a twin.

Templates are the exception. Their public contract goes by ids and nowhere asks that names differ, and its clients post the same template
again and again: a refusal would break them. So only pages refuse a twin, and wherever templates are listed or chosen twins are told apart.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

K = TypeVar("K")
CASE = "upper and lower case make no difference"


def twin(rows: QuerySet[Any], name: str, *, field: str = "name") -> str:
    """The name among `rows` that differs from this one by case alone; "" where there is none. One query.

    That no name comes twice letter by letter is for the database to hold; a twin that somebody saves in this very moment is not seen.
    """
    return next((known for known in _alike(rows, name, field, "iexact") if known != name and known.casefold() == name.casefold()), "")


def twin_beside(row: Model, name: str, *, before: str, field: str = "name", **among: Any) -> str:
    """The same among the other rows of its project, of those that are `among`. "" where the name is not new: rows of before stay."""
    others = type(row)._default_manager.filter(project_id=row.project_id, **among).exclude(pk=row.pk)  # type: ignore[attr-defined]
    return twin(others, name, field=field) if name != before else ""


def is_taken(rows: QuerySet[Any], name: str, *, field: str = "name") -> bool:
    """Whether one of `rows` has this name, whatever its case. One query."""
    return any(known.casefold() == name.casefold() for known in _alike(rows, name, field, "iexact"))


def free_name(rows: QuerySet[Any], begun: str, candidates: Iterable[str], *, field: str = "name") -> str:
    """The first of the candidates, all of which begin with `begun`, that nobody among `rows` has but for case. One query."""
    taken = {known.casefold() for known in _alike(rows, begun, field, "istartswith")}
    return next(name for name in candidates if name.casefold() not in taken)


def told_apart(named: Mapping[K, str]) -> dict[K, str]:
    """Names as they are shown, by their ids: twins carry the beginning of theirs, as the row's address and the API's answer have it."""
    often = Counter(name.casefold() for name in named.values())
    return {key: f"{name} ({str(key)[:8]})" if often[name.casefold()] > 1 else name for key, name in named.items()}


def _alike(rows: QuerySet[Any], name: str, field: str, lookup: str) -> Iterator[str]:
    """Names that may match. SQLite compares no letters but those of ASCII without their case, so for others all are looked at."""
    found = rows.filter(**{f"{field}__{lookup}": name}) if name.isascii() else rows
    return found.order_by().values_list(field, flat=True).iterator(chunk_size=2000)
