"""How an endpoint says what it does, beside its code: an `Operation` a method, and serializers for what it answers.

`evalhub.openapi` makes the API's document of it. When a request is answered only `Operation.body` is looked at: what it was sent is
checked by it (evalhub.accounts.endpoint).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rest_framework import serializers

from evalhub.common.parsing import Body


class Answer(serializers.Serializer[Any]):
    """The shape of a JSON answer. A field with `required=False` may be missing, one with `allow_null` may be null; there are no others."""

    component: ClassVar[str] = ""  # the name in the document where it is not the class's
    json_schema: ClassVar[Mapping[str, Any]] = {}  # what JSON Schema can say beyond the fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A true request and what it is answered. A value that differs from time to time (an id, a moment) stands for its kind."""

    path: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    answer: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method of a path. `refusals` are the statuses that only this operation has a reason for: status -> when."""

    id: str
    tag: str
    summary: str
    answer: type[Answer]
    status: int = 200
    media_type: str = "application/json"
    description: str = ""
    body: type[Body] | None = None
    query: type[Body] | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    example: Example | None = None


class Success(Answer):
    """It is done."""

    success = serializers.BooleanField()


class ErrorDetail(Answer):
    """One wrong place of a request."""

    location = serializers.CharField(help_text="Where, such as `body.messages[0].role`, `query.limit` or `path.agent`.")
    field = serializers.CharField(help_text="The location without its first part.")
    message = serializers.CharField(help_text="What is wrong there, as a sentence.")
    value = serializers.JSONField(allow_null=True, help_text="What stood there, cut short; secrets are hidden.")
    code = serializers.CharField(help_text="A word for programs.")


class ErrorModel(Answer):
    """A problem (RFC 9457). `detail`, `message` and `error` carry the same sentence."""

    type = serializers.CharField()
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong, as a sentence for the person who reads it.")
    message = serializers.CharField()
    error = serializers.CharField()
    code = serializers.CharField(help_text="A word for programs.")
    errors = ErrorDetail(many=True)  # type: ignore[assignment]  # a serializer's own `errors` is never read
    instance = serializers.CharField(required=False, help_text="The id under which the server's log has the details.")
    resource = serializers.CharField(required=False, help_text="What was not found.")
    required_scope = serializers.CharField(required=False, help_text="The scope that the key or role lacks.")
