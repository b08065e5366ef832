"""What a model is told when it is asked to use an operation of a REST API: the task, the documentation, and the format of the answer.

Only names of variables are ever in it, never their values.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from templates_app.openapi.servers import base_paths
from templates_app.openapi.snapshot import Operation, Parameter, Schema

FORMAT = """\
Answer with one JSON object and nothing else. It is the HTTP request, with these keys:
- "method": such as "GET".
- "path": begins with a slash and has all values filled in; no scheme and no host.
- "query": an object of names and values; a list for a parameter that takes several values. Leave it out where there is none.
- "headers": an object of names and values.
- "cookies": an object of names and values. Leave it out where there is none.
- "body": the body: JSON as JSON, a form as an object, a text as a text. Leave it out where there is none."""
EXAMPLE = '{"method": "POST", "path": "/v1/items/5", "query": {"notify": true}, "headers": {"X-Trace": "ab12"}, "body": {"name": "Lamp"}}'


def request_task(
    operation: Operation, *, with_docs: bool = True, custom_prompt: str = "", base_url: str = "", variable_names: Sequence[str] = ()
) -> str:
    """The text of the task. Without docs the model knows only what to do and where the API is, and must know the API itself."""
    parts = ["Write one HTTP request that does this:\n" + (custom_prompt.strip() or _summary(operation, with_docs))]
    parts.append(_where(operation, base_url))
    if with_docs:
        parts += _documentation(operation)
    if variable_names:
        parts.append(_variables(variable_names))
    return "\n\n".join([part for part in parts if part] + [f"{FORMAT}\nFor example:\n{EXAMPLE}"])


def _summary(operation: Operation, with_docs: bool) -> str:
    said = operation["summary"] or operation["operation_id"] or operation["description"].split("\n")[0]
    return said or (f"Call {operation['method']} {operation['path']}." if with_docs else "Use the API.")


def _where(operation: Operation, base_url: str) -> str:
    if base_url:
        return f"The API is at {base_url}; the path of the request is below that address."
    bases = [base for base in base_paths(operation["servers"]) if base]
    return f"Paths of the API begin with {bases[0]}, which may be left out." if bases else ""


def _documentation(operation: Operation) -> Iterator[str]:
    yield f"The operation: {operation['method']} {operation['path']}" + (
        f"\n{operation['description']}" if operation["description"] else ""
    )
    if operation["parameters"]:
        yield "Parameters:\n" + "\n".join(map(_parameter, operation["parameters"]))
    if body := operation["body"]:
        said = f"Body ({'required' if body['required'] else 'optional'}):{_spaced(body['description'])}"
        yield "\n".join([said, *(f"- {name}: {_json(schema)}" for name, schema in body["content"].items())])
    if operation["security"]:
        yield "Credentials: " + " or ".join(map(_credentials, operation["security"]))
    if operation["responses"]:
        yield "Responses:\n" + "\n".join(_responses(operation))
    if operation["definitions"]:
        yield "Schemas that are referred to as #/$defs/NAME:\n" + "\n".join(
            f"{name}: {_json(schema)}" for name, schema in operation["definitions"].items()
        )


def _parameter(parameter: Parameter) -> str:
    traits = [parameter["in"], "required" if parameter["required"] else "optional"]
    traits += ["written as JSON"] if parameter["content_type"] else []
    traits += [f"style {parameter['style']}"] if parameter["style"] not in ("simple", "form") else []
    traits += ["deprecated"] if parameter["deprecated"] else []
    return f"- {parameter['name']} ({', '.join(traits)}):{_spaced(parameter['description'])} {_json(parameter['schema'])}"


def _credentials(together: Sequence[Any]) -> str:
    said = [f"{each['in']} {each['name']}: {each['prefix']}<value>" if each["in"] else each["scheme"] for each in together]
    return " with ".join(said) or "none"


def _responses(operation: Operation) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        yield f"- {status}:{_spaced(answer['description'])}"
        for name, schema in answer["content"].items():
            yield f"  {name}" if schema is True else f"  {name}: {_json(schema)}"


def _variables(names: Sequence[str]) -> str:
    return (
        "These variables stand for values that you are not told; write {{NAME}} where a value belongs, and it is filled in before the"
        f" request is sent: {', '.join(f'{{{{{name}}}}}' for name in names)}"
    )


def _spaced(text: str) -> str:
    return f" {text}" if text else ""


def _json(schema: Schema) -> str:
    return json.dumps(schema, ensure_ascii=False)
