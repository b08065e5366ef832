"""Templates as files: YAML or JSON that people can read, mail and keep. What is exported is imported again exactly as it was.

A file comes from outside: its size, depth and number of parts are bounded before anything is built of it, and what could refer or grow
(aliases, tags) is refused. Errors name the line.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from difflib import get_close_matches
from typing import Any

import yaml

from evalhub.common.parsing import Whole
from templates_app.api import TemplateInput
from templates_app.models import EvalTemplate
from templates_app.services import with_keys
from templates_app.snapshot import content
from templates_app.yamltext import FAILURES, PlainLoader, sayable

MOST_CHARACTERS = 2_500_000
MOST_PARTS, MOST_DEPTH = 20_000, 8
FORMAT = "evalhub_template"
JUDGE = ("judge_model", "temperature", "max_tokens", "judge_samples")
ORDER = ("name", "description", "template_type", *JUDGE, "scoring_rubric", "categories")
CATEGORY_ORDER = ("key", "label", "weight", "prompt_instructions")
# What the API's answers carry besides, and what says which format this is.
PASSED_OVER = {FORMAT, "template_id", "tenant_id", "is_system", "created_at", "updated_at"}
CATEGORY_KEYS = {*CATEGORY_ORDER, "name", "criteria"}
DEFAULTS = {"description": "", "template_type": "quality", "judge_model": "", "temperature": 0.3, "max_tokens": 8192, "judge_samples": 1}
Where = tuple[str | int, ...]
# Line breaks that YAML would turn into plain ones where they are not escaped.
ODD_BREAKS = frozenset("\r\x85\u2028\u2029")


class Unreadable(Exception):
    """The file is no template. `problems` are sentences that name the line."""

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(map(sayable, problems))
        super().__init__(*self.problems)


class ImportedTemplate(TemplateInput):
    """What a file may say; the API's older shapes of a category too."""

    component = "ImportedEvalTemplate"

    judge_samples = Whole(min_value=1, max_value=20, required=False)


class _Dumper(yaml.SafeDumper):
    """Many lines as a block, as people write them."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if ODD_BREAKS & set(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)


def as_data(template: EvalTemplate) -> dict[str, Any]:
    """A template as files carry it, in the order in which people read it."""
    edited = content(template)
    categories = [{key: category[key] for key in CATEGORY_ORDER} for category in edited["categories"]]
    edited["template_type"] = str(edited["template_type"])  # a fresh row has a member of the enumeration
    return {FORMAT: 1, **{key: edited[key] for key in ORDER}, "categories": categories}


def as_yaml(data: Mapping[str, Any]) -> str:
    return yaml.dump(dict(data), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


def as_json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def read(text: str) -> dict[str, Any]:
    """The `content` that a YAML or JSON text describes. Raises Unreadable."""
    if len(text) > MOST_CHARACTERS:
        raise Unreadable(f"The file has more than {MOST_CHARACTERS:,} characters. A template is much smaller.")
    text = text.removeprefix("\ufeff")
    node = _node(text)
    data = _from_json(text) if text.lstrip().startswith("{") else _from_yaml(text)
    problems = [*_unknown(data, node)]
    if isinstance(data, dict):
        given = ImportedTemplate(data={key: value for key, value in data.items() if key not in PASSED_OVER})
        if not given.is_valid():
            problems += [f"{_place(node, where)}{said}" for where, said in _flat(given.errors, ())]
        elif not problems:
            return _content(given.validated_data)
    raise Unreadable(*list(dict.fromkeys(problems))[:12])


def _content(given: Mapping[str, Any]) -> dict[str, Any]:
    """As `snapshot.content` says it: nothing is missing."""
    known = {key: value for key, value in given.items() if key != "categories"}
    keyed = with_keys(given.get("categories", []))
    categories = [asdict(replace(item, weight=1.0) if item.weight is None else item) for item in keyed]
    return {**DEFAULTS, "scoring_rubric": "", **known, "categories": categories}


def _node(text: str) -> yaml.Node | None:
    """The tree with its lines, None where only JSON can read it. Raises Unreadable for what is too deep, too much, or refers."""
    try:
        _bound(text)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        if text.lstrip().startswith("{"):
            return None  # JSON says itself what is wrong, or has an escape that YAML does not know
        raise Unreadable(_mark(error)) from None
    except FAILURES:
        raise Unreadable("An escape in it, such as \\U0010FFFF, names no character.") from None


def _bound(text: str) -> None:
    """Walks over the events, which are made one by one: nothing grows before it is allowed."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable(f"{_line(event.start_mark)}Anchors (&) and aliases (*) are not read. Write the text out.")
        if isinstance(event, yaml.CollectionStartEvent | yaml.ScalarEvent) and event.tag and event.tag != "!":
            raise Unreadable(f"{_line(event.start_mark)}Tags ({event.tag}) are not read. Write plain text and numbers.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            raise Unreadable(f"{_line(event.start_mark)}This is nested too deep for a template.")
        if number > MOST_PARTS:
            raise Unreadable(f"{_line(event.start_mark)}The file has too many parts for a template.")


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("{") and (found := _flow_yaml(text)) is not None:
            return found
        raise Unreadable(f"Line {error.lineno}: this is not JSON: {error.msg}.") from None
    except RecursionError:
        raise Unreadable("This is nested too deep for a template.") from None
    except ValueError:
        raise Unreadable("A number in it is too long.") from None


def _flow_yaml(text: str) -> Any:
    """YAML may begin with a brace too."""
    try:
        return yaml.load(text, Loader=PlainLoader)  # noqa: S506  a safe loader
    except (yaml.YAMLError, *FAILURES):
        return None


def _from_yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=PlainLoader)  # noqa: S506  a safe loader
    except yaml.YAMLError as error:
        raise Unreadable(_mark(error)) from None
    except FAILURES as error:
        raise Unreadable(f"A value cannot be read: {error}. Put it in quotes.") from None


def _mark(error: yaml.YAMLError) -> str:
    place = _line(error.problem_mark) if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark else ""
    said = error.problem if isinstance(error, yaml.MarkedYAMLError) and error.problem else "it has a character that YAML does not allow"
    return f"{place}this is not YAML: {said}."


def _line(mark: Any) -> str:
    return f"Line {mark.line + 1}: "


def _unknown(data: Any, node: yaml.Node | None) -> Iterator[str]:
    if not isinstance(data, dict):
        yield "A template is a list of fields such as `name: Support quality`. This is something else."
        return
    yield from _strange(data, (*ORDER, *PASSED_OVER), (), node)
    yield from _twice(node)
    categories = data.get("categories")
    for number, item in enumerate(categories if isinstance(categories, list) else ()):
        if isinstance(item, dict):
            yield from _strange(item, CATEGORY_KEYS, ("categories", number), node)


def _strange(data: Mapping[Any, Any], known: Any, where: Where, node: yaml.Node | None) -> Iterator[str]:
    for key in data:
        if key not in known:
            like = get_close_matches(str(key), [name for name in known if name not in PASSED_OVER], n=1)
            meant = f" Did you mean `{like[0]}`?" if like else ""
            yield f"{_place(node, (*where, key))}`{str(key)[:60]}` is no field of a {'category' if where else 'template'}.{meant}"


def _twice(node: yaml.Node | None) -> Iterator[str]:
    """A key that is said again would silently win."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield f"{_line(key.start_mark)}`{str(key.value)[:60]}` is said a second time."
            seen.add(str(key.value))
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item)


def _flat(errors: Any, where: Where) -> Iterator[tuple[Where, str]]:
    """A serializer's errors, each with the way to its value."""
    if isinstance(errors, Mapping):
        for key, below in errors.items():
            yield from _flat(below, where if key == "non_field_errors" else (*where, key))
    elif isinstance(errors, list):
        for number, below in enumerate(errors):
            yield from _flat(below, (*where, number) if isinstance(below, Mapping) else where)
    else:
        named = ".".join(str(part + 1 if isinstance(part, int) else part) for part in where)
        yield where, f"{named}: {errors}" if named else str(errors)


def _place(node: yaml.Node | None, where: Where) -> str:
    """`Line 12: ` of the value that a way leads to, or of the nearest thing above it; "" when lines are not known."""
    mark = None
    for part in where:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                break
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
        else:
            break
    return _line(mark) if mark else ""
