"""A task about an operation of a REST API, out of its text: what to do, the operation, its schemas, and the variables that may be named."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

MOST_STARTS = 60  # places at which a schema behind a description is looked for

_FIRST = "Write one HTTP request that does this:\n"
_SECTIONS = re.compile(
    r"^(?:(?P<operation>The operation: )|(?P<parameters>Parameters:$)|(?P<body>Body \()|(?P<credentials>Credentials: )"
    r"|(?P<responses>Responses:$)|(?P<definitions>Schemas that are referred to as .*:$)|(?P<variables>These variables stand for )"
    r"|(?P<format>Answer with one JSON object)|(?P<context>Context:$)"
    r"|(?P<address>The API is at |Paths of the API begin with ))",
    re.MULTILINE,
)
_PARAMETER = re.compile(r"^- (.+?) \((path|query|header|cookie), (required|optional)[^)\n]*\):", re.MULTILINE)
_CONTENT = re.compile(r"^- (\S+): (\{.*|true|false)$", re.MULTILINE)
_DEFINITION = re.compile(r"^([\w.-]+): (\{.*)$", re.MULTILINE)
_CREDENTIAL = re.compile(r"^(header|query|cookie) (\S+): (.*)<value>$")
_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_CALLED = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/\S*?)[.,]?(?:\s|$)")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str  # path, query, header or cookie
    required: bool
    schema: Any


@dataclass(frozen=True, slots=True)
class Body:
    required: bool
    content_type: str
    schema: Any


@dataclass(frozen=True, slots=True)
class Credential:
    place: str  # header, query or cookie
    name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class RequestTask:
    """`method` and `path` are "" where the task has no documentation. `context` is what is said beside the task."""

    wish: str
    method: str = ""
    path: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    credentials: tuple[Credential, ...] = ()
    variables: tuple[str, ...] = ()
    definitions: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


def task_in(text: str) -> RequestTask | None:
    """None where the text asks for no request."""
    found: dict[str, str] = {}
    for name, told in _sections(text):
        found[name] = f"{found[name]}\n{told}" if name in found else told
    if not text.startswith(_FIRST) or "format" not in found:
        return None
    wish = found[""].removeprefix(_FIRST).strip()
    method, path = _operation(found.get("operation", ""), wish)
    return RequestTask(
        wish=wish,
        method=method,
        path=path,
        parameters=tuple(_parameters(found.get("parameters", ""))),
        body=_body(found["body"]) if "body" in found else None,
        credentials=tuple(_credentials(found.get("credentials", ""))),
        variables=tuple(_VARIABLE.findall(found.get("variables", "").rpartition(" is sent:")[2])),
        definitions={name: _parsed(schema) for name, schema in _DEFINITION.findall(found.get("definitions", ""))},
        context=_mapping(_parsed(found.get("context", ""))),
    )


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """By name, "" being what stands before the first. A name comes twice where a description has such a line too."""
    starts = list(_SECTIONS.finditer(text))
    yield "", text[: starts[0].start()] if starts else text
    for start, told in _parts(starts, text):
        yield start.lastgroup or "", told.strip("\n")


def _parts(starts: Sequence[re.Match[str]], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each beginning with what follows it, up to the next."""
    for start, following in zip_longest(starts, starts[1:]):
        yield start, text[start.end() : following.start() if following else len(text)]


def _operation(told: str, wish: str) -> tuple[str, str]:
    method, _, path = told.partition("\n")[0].strip().partition(" ")
    if path:
        return method, path
    called = _CALLED.search(wish)
    return (called.group(1), called.group(2)) if called else ("", "")


def _parameters(told: str) -> Iterator[Parameter]:
    for start, behind in _parts(list(_PARAMETER.finditer(told)), told):
        name, place, needed = start.groups()
        yield Parameter(name, place, needed == "required", _schema_at_the_end(behind))


def _schema_at_the_end(told: str) -> Any:
    """The schema that follows a description, in which braces may stand too."""
    told, position = told.strip(), -1
    for _ in range(MOST_STARTS):
        position = told.find("{", position + 1)
        if position < 0:
            break
        try:
            schema, end = _DECODER.raw_decode(told, position)
        except (ValueError, RecursionError):
            continue
        if end == len(told):
            return schema
    return True


def _body(told: str) -> Body | None:
    """In the content type that stands first."""
    for content_type, schema in _CONTENT.findall(told):
        return Body(told.startswith("required"), content_type, _parsed(schema))
    return None


def _credentials(told: str) -> Iterator[Credential]:
    """Those of the first way; none where that is a way without."""
    ways = told.partition("\n")[0].split(" or ")
    if "none" in ways:
        return
    for each in ways[0].split(" with "):
        if said := _CREDENTIAL.match(each):
            yield Credential(*said.groups())


def _parsed(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
