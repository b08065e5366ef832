"""From a request to a model of `shapes`. What is wrong is told as pydantic words it, each item with its place in the request."""

from collections.abc import Mapping, Sequence
from typing import IO, Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from evalhub.common.jsontext import BadJSON, read_json
from evalhub.common.parsing import MOST_ERRORS, read_bounded
from evalhub.common.problems import Problem
from runs.api.durable.shapes.base import Sent

Shape = TypeVar("Shape", bound=Sent)
Loc = list[str | int]
WAIT = "JSON decode error"


class StrictJSON(BaseParser):
    """A JSON body as it stands. No body at all is None."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        raw = read_bounded(stream)
        if not raw.strip():
            raise wrong(["body"], "Field required", "missing")
        try:
            return read_json(raw)
        except BadJSON as error:
            where = list(error.path) if error.path is not None else []
            raise wrong(["body", *where], f"{WAIT}. {error}", "json_invalid") from None


def wrong(loc: Loc, message: str, kind: str = "value_error") -> Problem:
    """A 422 Problem with one wrong place."""
    return refusal([{"loc": loc, "message": message, "code": kind}])


def refusal(errors: list[dict[str, Any]]) -> Problem:
    """A 422 Problem; `errors` are {loc, message, code}."""
    return Problem(422, errors[0]["message"], errors=errors[:MOST_ERRORS])


def read_body(shape: type[Shape], request: Request) -> Shape:
    """The body of a request. Raises a Problem: 400, 413, 415, 422."""
    if request.stream is None:
        raise wrong(["body"], "Field required", "missing")
    return read(shape, request.data)


def read_query(shape: type[Shape], request: Request) -> Shape:
    """The keys of a query that the shape knows; of one that comes twice, the last. Raises a 422 Problem."""
    known = {key: value for key, value in request.query_params.dict().items() if key in shape.model_fields or key in shape.older}
    if any("\x00" in value for value in known.values()):
        raise wrong(["query"], "Has a character that cannot be stored (NUL).")
    return read(shape, known, "query")


def read(shape: type[Shape], data: Any, place: str = "body") -> Shape:
    """The model of what was sent. Raises a 422 Problem."""
    if not isinstance(data, dict):
        raise wrong([place], "Input should be a valid dictionary or object to extract fields from", "model_attributes_type")
    renamed = {old: new for old, new in shape.older.items() if data.get(old) is not None}
    try:
        return shape.model_validate(_in_present_names(data, renamed, place))
    except ValidationError as error:
        as_sent = {new: old for old, new in renamed.items()}
        raise refusal([_item(each, as_sent, place) for each in error.errors(include_url=False, include_context=False)]) from None


def _in_present_names(data: Mapping[str, Any], renamed: Mapping[str, str], place: str) -> dict[str, Any]:
    """Raises a 422 Problem where both names of one thing are sent and do not say the same."""
    for old, new in renamed.items():
        if data.get(new) is not None and _meant(data[old]) != _meant(data[new]):
            raise wrong([place, old], f"{old} and {new} are two names of one thing, and differ here.")
    return {key: value for key, value in data.items() if key not in renamed} | {new: data[old] for old, new in renamed.items()}


def _meant(value: Any) -> Any:
    """The order of ids says nothing."""
    return sorted(map(str, value)) if isinstance(value, list) else value


def _item(error: ErrorDetails, as_sent: Mapping[str, str], place: str) -> dict[str, Any]:
    first, rest = error["loc"][:1], error["loc"][1:]
    loc = [place, *(as_sent.get(str(name), name) for name in first), *rest]
    return {"loc": loc, "message": error["msg"], "code": error["type"]}


def as_sent(sent: Sent, data: Mapping[str, Any], loc: Sequence[str | int]) -> Loc:
    """A place that a service names, by the name that the client used for it."""
    older = {new: old for old, new in sent.older.items() if data.get(old) is not None}
    return [older.get(str(loc[0]), loc[0]), *loc[1:]] if loc else []
