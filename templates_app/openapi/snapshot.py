"""The shape of an operation as it is stored: self-contained JSON that neither a later import nor another document changes.

Schemas are JSON Schema 2020-12 whatever the document's version; each `$ref` in them is `#/$defs/NAME`, a key of `definitions`.
"""

from typing import Any, Literal, TypedDict

VINTAGE = 1  # of this shape; a reader of stored snapshots looks at it when the shape changes

Schema = dict[str, Any] | bool
Place = Literal["path", "query", "header", "cookie"]

Parameter = TypedDict(
    "Parameter",
    {
        "in": Place,
        "name": str,
        "required": bool,
        "description": str,
        "deprecated": bool,
        "schema": Schema,
        "style": str,  # simple, form, deepObject, spaceDelimited or pipeDelimited
        "explode": bool,
        "content_type": str,  # set where the value is a text of this type (JSON) instead of in a style
    },
)


class Body(TypedDict):
    """Of a request. `content` holds the types that can be sent, the preferred one first."""

    required: bool
    description: str
    content: dict[str, Schema]


class Answer(TypedDict):
    """Of a status, a range such as 2XX, or default. The schema of a content type that is not checked is True."""

    description: str
    content: dict[str, Schema]


Credential = TypedDict(
    "Credential",
    {
        "scheme": str,  # the name in the document
        "in": str,  # header, query or cookie; "" where it is no part of a request (mutual TLS)
        "name": str,  # of the header, query parameter or cookie
        "prefix": str,  # of the value: "Bearer " or "Basic " or ""
    },
)


class Operation(TypedDict):
    """`security` lists alternatives, each a list of what is needed together; an empty one means that none is needed."""

    vintage: int
    method: str  # in capitals
    path: str  # a template: /items/{id}
    operation_id: str
    summary: str
    description: str
    category: str  # its first tag
    deprecated: bool
    servers: list[str]
    parameters: list[Parameter]
    body: Body | None
    responses: dict[str, Answer]
    security: list[list[Credential]]
    definitions: dict[str, Schema]
    left_out: list[str]  # definitions that were too far away: what refers to them is not checked
