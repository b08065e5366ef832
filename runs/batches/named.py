"""Ids of a request: each leads to a row of the project, or the request is refused with all that do not."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db import models

from evalhub.common.ids import id_or_none
from runs.batches.request import NothingToRun, UnknownId

M = TypeVar("M", bound=models.Model)
SHOWN = 10


def rows_named(what: str, ids: Sequence[str], rows: models.QuerySet[M]) -> list[M]:
    """The rows with these keys in the order of the ids, each once. Raises UnknownId, and NothingToRun for an empty list."""
    if not ids:
        raise NothingToRun(f"The list of {what} ids is empty, so there is nothing to run. Leave it out to run what is configured.")
    keys = {text: id_or_none(text) for text in ids}
    found = rows.in_bulk([key for key in set(keys.values()) if key])
    refuse_unknown(what, [text for text, key in keys.items() if key not in found])
    return list({key: found[key] for key in keys.values() if key}.values())


def refuse_unknown(what: str, ids: Iterable[str]) -> None:
    """Raises UnknownId where there are any."""
    missing = list(dict.fromkeys(ids))
    if not missing:
        return
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    names = ", ".join(text[:80] or "(an empty one)" for text in missing[:SHOWN])
    raise UnknownId(f"{what[0].upper()}{what[1:]} not found: {names}{more}.")
