"""How refusals are told. evalhub.common.details makes them; these are for the document."""

from pydantic import Field

from runs.api.durable.shapes.base import Told


class ValidationError(Told):
    """One wrong place. `loc` begins with body, query or path."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(Told):
    """What is wrong with a request, 422."""

    detail: list[ValidationError] = Field(default_factory=list)


class Detail(Told):
    """Every other refusal: a sentence."""

    detail: str
