"""Mistakes that models make in requests, each only where it can be made. Which one follows from the task and the model's name."""

from collections.abc import Iterator
from typing import Any

from agents.llm.demo.tasks.reading import Credential, RequestTask
from agents.llm.demo.words import number

Request = dict[str, Any]  # the JSON object that a task asks for

OTHER_METHODS = {"GET": "POST", "POST": "PUT", "PUT": "PATCH", "PATCH": "PUT", "DELETE": "POST"}
PLACES = {"header": "headers", "cookie": "cookies", "query": "query"}  # keys of a request, by place of a parameter
MADE_UP, MADE_UP_VARIABLE = "verbose", "{{MY_TOKEN}}"
NO_NUMBER = "a few"


def slipped(task: RequestTask, right: Request, text: str, model: str) -> Request | None:
    """The request with one mistake in it; None where the mistake is to write no request at all."""
    slips = list(_possible(task, right))
    return slips[number(text, model, "which slip") % len(slips)]


def _possible(task: RequestTask, right: Request) -> Iterator[Request | None]:
    yield None
    yield right | {"method": OTHER_METHODS.get(right["method"], "GET")}
    yield right | {"path": _other_path(right["path"])}
    yield _with(right, "query", MADE_UP, True)
    for place in ("query", "headers"):
        yield from _of_parameters(task, right, place)
    yield from _of_body(task, right)
    for credential in task.credentials[:1] if task.variables else ():
        yield from _of_credential(credential, right)


def _other_path(path: str) -> str:
    """/pets/1 as /pet/1, and the other way round."""
    first, slash, rest = path.lstrip("/").partition("/")
    return f"/{first.removesuffix('s') if first.endswith('s') else first + 's'}{slash}{rest}"


def _of_parameters(task: RequestTask, right: Request, place: str) -> Iterator[Request]:
    needed = [each.name for each in task.parameters if each.required and each.name in right[place]]
    numbers = [name for name, value in right[place].items() if isinstance(value, bool | int | float)]
    yield from (_without(right, place, name) for name in needed[:1])
    yield from (_with(right, place, name, NO_NUMBER) for name in numbers[:1])


def _of_body(task: RequestTask, right: Request) -> Iterator[Request]:
    body = right.get("body")
    if task.body and task.body.required:
        yield {key: value for key, value in right.items() if key != "body"}
    if isinstance(body, dict) and body:
        name, value = next(iter(body.items()))
        yield _with(right, "body", name, [value] if isinstance(value, str) else NO_NUMBER)


def _of_credential(credential: Credential, right: Request) -> Iterator[Request]:
    place = PLACES[credential.place]
    yield _without(right, place, credential.name)
    yield _with(right, place, credential.name, credential.prefix + MADE_UP_VARIABLE)


def _without(right: Request, place: str, name: str) -> Request:
    return right | {place: {key: value for key, value in right[place].items() if key != name}}


def _with(right: Request, place: str, name: str, value: Any) -> Request:
    return right | {place: {**right[place], name: value}}
