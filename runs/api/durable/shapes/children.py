"""Children of a durable eval run: what a list of runs tells of each, and how it stands."""

from typing import Annotated

from pydantic import Field

from runs.api.durable.shapes.base import Asked, Told
from runs.api.durable.shapes.results import EvalRunSummary


class ChildrenQuery(Asked):
    """The position after which to begin (-1 for the first), and how many."""

    after: Annotated[int, Field(ge=-1, le=2**31 - 1)] = -1
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class EvalRunChild(EvalRunSummary):
    """A run with its place in the eval run. `error` says why it failed or did not pass; `cost` is in US dollars."""

    position: int
    status: str
    profile: str | None = None
    error: str | None = None
    cost: float = 0.0


class ChildrenMeta(Told):
    """`next` is what to send as `after` for the next page, null at the end of what is dispatched."""

    limit: int
    count: int
    next: int | None = None


class EvalRunChildrenResponse(Told):
    """A page of children."""

    data: list[EvalRunChild]
    meta: ChildrenMeta
