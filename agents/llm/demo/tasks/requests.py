"""Writes the request that a task asks for, from the operation as the task describes it; without documentation, by guessing."""

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from agents.llm.demo.tasks.reading import Credential, RequestTask, task_in
from agents.llm.demo.tasks.slips import PLACES, Request, slipped
from agents.llm.demo.tasks.values import ValueMaker
from agents.llm.demo.words import number, subjects

__all__ = ["task_in", "written"]

NOT_GIVEN = "I would send that to the API, but the task does not say enough for me to write the request."
# What a wish begins with, where nobody says which method and path it is.
_VERBS = (
    (r"add|create|make|register|post|store|send|start|place|upload|new", "POST"),
    (r"update|change|replace|set|put|rename|edit", "PUT"),
    (r"delete|remove|cancel|drop", "DELETE"),
)
_SECRET_WORDS = {"header": r"token|key|secret|auth", "query": r"key|token|secret", "cookie": r"session|cookie|token|key"}
_FIRST_PART, _SECOND_PART = r"user|login|name|account|client_?id", r"pass|secret"


def written(task: RequestTask, text: str, *, model: str, mistakes_of_ten: int) -> str:
    """The answer, with a mistake in as many of ten tasks as that says."""
    right = _request(task)
    if number(text, model, "slip") % 10 >= mistakes_of_ten:
        return _answer(right)
    wrong = slipped(task, right, text, model)
    return NOT_GIVEN if wrong is None else _answer(wrong)


def _answer(request: Request) -> str:
    return json.dumps({key: value for key, value in request.items() if value != {} or key == "body"}, ensure_ascii=False)


def _request(task: RequestTask) -> Request:
    if not task.path:
        return _guessed(task)
    maker = ValueMaker(task.wish, task.definitions, task.context)
    request: Request = {"method": task.method, "path": task.path, "query": {}, "headers": {}, "cookies": {}}
    for parameter in task.parameters:
        if not parameter.required and not maker.mentions(parameter.name):
            continue
        value = maker.value(parameter.schema, parameter.name)
        if parameter.place == "path":
            request["path"] = request["path"].replace(f"{{{parameter.name}}}", quote(_text(value), safe=","))
        else:
            request[PLACES[parameter.place]][parameter.name] = value
    if task.body and (task.body.required or task.method != "DELETE"):
        request["body"] = maker.value(task.body.schema)
    for credential in task.credentials if task.variables else ():
        request[PLACES[credential.place]][credential.name] = credential.prefix + _secret(credential, task.variables)
    return request


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value)


def _secret(credential: Credential, names: Sequence[str]) -> str:
    """The variable whose name sounds most like it; of user and password both."""
    if credential.prefix.strip().lower() == "basic" and len(names) > 1:
        user, password = _sounding(_FIRST_PART, names), _sounding(_SECOND_PART, names)
        return f"{{{{{user}}}}}:{{{{{password}}}}}" if user != password else f"{{{{{user}}}}}"
    return f"{{{{{_sounding(_SECRET_WORDS[credential.place], names)}}}}}"


def _sounding(pattern: str, names: Sequence[str]) -> str:
    return next((name for name in names if re.search(pattern, name, re.IGNORECASE)), names[0])


def _guessed(task: RequestTask) -> Request:
    """As somebody would who has not read the documentation."""
    first = task.wish.split(" ")[0].lower() if task.wish else ""
    method = next((method for verbs, method in _VERBS if re.fullmatch(verbs, first)), "GET")
    noun = next(iter(subjects(task.wish)), "items")
    path = f"/{noun if noun.endswith('s') else noun + 's'}"
    if told := re.search(r"\b\d{1,12}\b", task.wish):
        path += f"/{told.group()}"
    return {"method": method, "path": path, "query": {}, "headers": {}, "cookies": {}} | ({"body": {}} if method in ("POST", "PUT") else {})
