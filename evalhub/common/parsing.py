"""What all request bodies and queries of the API share: unknown keys are refused, null means not given, errors point at their place.

The API modules of the apps build their serializers on `Body` and call `parse`. Beside evalhub.api the only common code on REST framework.
"""

import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import IO, Any, ClassVar, cast

from django.conf import settings
from django.http import UnreadablePostError
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from evalhub.common.jsontext import BadJSON, read_json
from evalhub.common.problems import Problem, error_item, shown

Path = tuple[str | int, ...]
Complaint = tuple[Path, str, str]

CURSOR = "cursor"  # our JSON Schema format of a text that only the server can make
JSON_OBJECT = "json-object"  # our JSON Schema format of a text that is the JSON of an object
# A pattern of JSON Schema: something beside what str.strip() takes for white space, which is more than \s of some validators.
NOT_BLANK = r"[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
MOST_ERRORS = 50  # ten thousand wrong messages need no ten thousand sentences
WHOLE = "non_field_errors"


class Body(serializers.Serializer[Any]):
    """A JSON object. Unknown keys are errors, keys in `ignored` are dropped, and null for a key that may be left out leaves it out.

    Of a query unknown keys are dropped: proxies and browsers add their own.
    """

    ignored: ClassVar[frozenset[str]] = frozenset({"$schema"})
    may_be_text: ClassVar[bool] = False  # whether a JSON text of an object is taken for the object

    # For the API's document: the name there, what JSON Schema can say beyond the fields, and what may stand for the object.
    component: ClassVar[str] = ""
    json_schema: ClassVar[Mapping[str, Any]] = {}
    json_alternatives: ClassVar[Sequence[Mapping[str, Any]]] = ()

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        given = self.read(read_object(data, may_be_text=self.may_be_text))
        unknown = (key for key in given if key not in self.fields and key not in self.ignored and not _is_query(self))
        problems: dict[str, Any] = {key: self._unknown() for key in islice(unknown, MOST_ERRORS + 1)}
        present = {key: value for key, value in given.items() if value is not None or self._is_required(key)}
        try:
            parsed: dict[str, Any] = super().to_internal_value(present)
        except ValidationError as error:
            problems |= cast(dict[str, Any], error.detail)
        if problems:
            raise ValidationError(problems)
        return parsed

    def read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """A hook: older shapes of the object become the present one here."""
        return data

    def _is_required(self, key: str) -> bool:
        return key in self.fields and self.fields[key].required

    def _unknown(self) -> list[ErrorDetail]:
        known = f"the keys are {', '.join(self.fields)}" if self.fields else "no key is taken"
        return [ErrorDetail(f"There is no such key here; {known}.", code="unknown_key")]


# REST framework's fields take "5" for 5 and 5 for "5". A body says what it means; in a query everything is a text.


def _is_query(field: "serializers.Field[Any, Any, Any, Any]") -> bool:
    return bool(field.context.get("is_query"))


class Text(serializers.CharField):
    """A text, and no number."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise ValidationError(f"Must be a text, not {kind_of(data)}.", code="not_a_text")
        read = super().to_internal_value(data)
        if self.max_length is not None and len(read) > self.max_length:  # before the validators, which look at every character
            self.fail("max_length", max_length=self.max_length)
        return read


class Number(serializers.FloatField):
    """A finite number. FloatField alone takes the text "nan", which passes every limit, and true."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or (isinstance(data, str) and not _is_query(self)):
            self.fail("invalid")
        number = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class Whole(serializers.IntegerField):
    """A whole number of 64 bits, 5.0 too; IntegerField alone takes true for 1, and any size."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": -(2**63), "max_value": 2**63 - 1, **options})

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or (isinstance(data, str) and not _is_query(self)):
            self.fail("invalid")
        return super().to_internal_value(int(data) if isinstance(data, float) and data.is_integer() else data)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool) and not _is_query(self):
            raise ValidationError(f"Must be true or false, not {kind_of(data)}.", code="invalid")
        return super().to_internal_value(data)


class Key(serializers.UUIDField):
    """The id of something: a UUID as a text."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Choice(serializers.ChoiceField):
    """One of a few texts; the refusal lists them."""

    def fail(self, key: str, **kwargs: Any) -> Any:
        if key != "invalid_choice":
            super().fail(key, **kwargs)
        raise ValidationError(f"Must be one of {', '.join(self.choices)}, not {shown(kwargs.get('input'))!r}.", code=key)


class Cursor(Text):
    """Where the page before ended: its `next_cursor`."""

    json_schema: ClassVar[Mapping[str, Any]] = {"type": "string", "maxLength": 200, "format": CURSOR}

    def __init__(self, **options: Any) -> None:
        about = "`next_cursor` of the page before, unchanged."
        super().__init__(**{"max_length": 200, "allow_blank": True, "help_text": about, "required": False, **options})


class Object(serializers.Field[dict[str, Any], Any, Any, Any]):
    """Any JSON object, or a JSON text of one; kept as it is."""

    json_schema: ClassVar[Mapping[str, Any]] = {
        "anyOf": [{"type": "object"}, {"type": "string", "format": JSON_OBJECT, "contentMediaType": "application/json"}]
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return dict(read_object(data, may_be_text=True))


class Items(serializers.ListField):
    """A list of at most `max_length` items. ListField alone checks every item of a list before it says that the list is too long."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)

    def run_child_validation(self, data: Sequence[Any]) -> list[Any]:
        """The checked items. Looks no further than one wrong item more than an answer tells of."""
        checked: list[Any] = []
        wrong: dict[Any, Any] = {}
        for index, item in enumerate(data):
            try:
                checked.append(self.child.run_validation(item))
            except ValidationError as error:
                wrong[index] = error.detail
                if len(wrong) > MOST_ERRORS:
                    break
        if wrong:
            raise ValidationError(wrong)
        return checked


def read_bounded(stream: IO[bytes]) -> bytes:
    """A body, read up to settings.MAX_BODY_BYTES and not a byte further, whatever Content-Length claims. Raises a Problem: 400, 413."""
    limit = settings.MAX_BODY_BYTES
    try:
        raw = stream.read(limit + 1)
    except UnreadablePostError as error:
        raise Problem(400, "The connection broke before the body was read.") from error
    if len(raw) > limit:
        raise Problem(413, f"The body is larger than {limit:,} bytes, which is the most this server reads.")
    return raw


def texts(limit: int = 100, length: int = 2000) -> Items:
    """A list of short texts that may be left out."""
    return Items(child=Text(max_length=length), required=False, max_length=limit)


def text(length: int, **options: Any) -> Text:
    """A text that may be empty or left out."""
    return Text(max_length=length, allow_blank=True, required=False, **options)


def read_object(data: Any, *, may_be_text: bool) -> Mapping[str, Any]:
    """The object itself, or the one in a JSON text; an empty text is an empty object. Raises ValidationError."""
    if may_be_text and isinstance(data, str):
        data = _decoded(data)
    if not isinstance(data, Mapping):
        also = ", or a JSON text of one" if may_be_text else ""
        raise ValidationError({WHOLE: [ErrorDetail(f"Must be an object{also}, not {kind_of(data)}.", code="not_an_object")]})
    return data


def _decoded(data: str) -> Any:
    if not data.strip():
        return {}
    try:
        return read_json(data)
    except BadJSON as error:
        raise ValidationError({WHOLE: [ErrorDetail(f"Must be an object, or a JSON text of one. {error}", code="not_json")]}) from None


def kind_of(value: Any) -> str:
    """A JSON value's kind in words."""
    kinds = ((bool, "true or false"), (str, "a text"), (int | float, "a number"), (Mapping, "an object"), (list, "a list"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "null")


def parse(body: type[Body], data: Any, *, prefix: str = "body", **context: Any) -> dict[str, Any]:
    """The checked content of a request. Raises a 422 Problem that points at every wrong place, as far as there are not too many."""
    serializer = body(data=data, context={"is_query": prefix == "query", **context})
    try:
        # run_validation, not is_valid: the latter words a null body in its own way and wants a dict to be given.
        parsed: dict[str, Any] = serializer.run_validation(data)
    except ValidationError as error:
        raise _problem(list(islice(complaints(error.detail, ()), MOST_ERRORS + 1)), data, prefix) from None
    return parsed


def _problem(complaints: list[Complaint], data: Any, prefix: str) -> Problem:
    """`complaints` are all there are, or one more than are told."""
    decoded = cache(read_json)  # many complaints may be about what is in one long JSON text
    items = [
        error_item(location(prefix, path), message, value=_value(data, path, decoded), code=code)
        for path, message, code in complaints[:MOST_ERRORS]
    ]
    others = f"{len(complaints) - 1}" if len(complaints) <= MOST_ERRORS else f"at least {MOST_ERRORS}"
    more = f" ({others} more.)" if len(complaints) > 1 else ""
    return Problem(422, f"{items[0]['location']}: {items[0]['message']}{more}", errors=items)


def complaints(detail: Any, path: Path) -> Iterator[Complaint]:
    """REST framework's nested errors as a flat list of (path, message, code)."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            yield from complaints(inner, path if key == WHOLE else (*path, key))
    elif isinstance(detail, list):
        for inner in detail:
            yield from complaints(inner, path)
    else:
        yield path, str(detail), getattr(detail, "code", "invalid")


def location(prefix: str, path: Path) -> str:
    """("messages", 0, "role") -> "body.messages[0].role"."""
    return prefix + "".join(f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in path)


def _value(data: Any, path: Path, decoded: Callable[[str], Any]) -> Any:
    """What stands at a place of the request, None when nothing does. `decoded` reads a JSON text."""
    for part in path:
        try:
            data = (decoded(data) if isinstance(data, str) else data)[part]
        except (KeyError, IndexError, TypeError, BadJSON):
            return None
    return data
