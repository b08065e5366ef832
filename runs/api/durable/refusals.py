"""What services of batches refuse, as Problems: the same for starting a run and for configuring what runs by default."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from evalhub.common.problems import Problem
from runs.api.durable.parsing import as_sent, wrong
from runs.api.durable.shapes.base import Sent
from runs.batches.request import BadValue, NothingToRun, UnknownId
from runs.budget import BudgetSpent


@contextmanager
def refusals(sent: Sent, data: Mapping[str, Any]) -> Iterator[None]:
    """Raises 400, 403, 404 and 422 Problems. A place is told by the name that the client used for it in `data`, the body as it came."""
    try:
        yield
    except NothingToRun as nothing:
        raise Problem(400, str(nothing)) from None
    except UnknownId as unknown:
        raise Problem(404, str(unknown)) from None
    except BadValue as bad:
        raise wrong(["body", *as_sent(sent, data, bad.loc)], str(bad)) from None
    except BudgetSpent as spent:
        raise Problem(403, str(spent)) from None
