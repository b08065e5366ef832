"""Persona and session files: JSON or YAML, with errors that name the file and the place in it. What values mean, the server checks."""

import json
from pathlib import Path
from typing import Any

import yaml

from evalhub.cli.api import Refused
from evalhub.cli.errors import CommandError


def read_text(path: str) -> str:
    """The file as text. Raises CommandError."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no UTF-8 text (byte {error.start}).") from None


def json_of(text: str, where: str) -> Any:
    """The data of a JSON text. Raises CommandError that says where it stands and what is wrong with it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise CommandError(f"{where}: line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise CommandError(f"{where}: nested too deeply.") from None


def read_data(path: str) -> Any:
    """JSON or YAML. JSON is tried first, since its errors are the better ones for a file that says it is JSON."""
    text = read_text(path)
    if path.endswith(".json"):
        return json_of(text, path)
    try:
        return json.loads(json.dumps(yaml.safe_load(text), default=str))  # dates become text: a body is JSON
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise CommandError(f"{path}: {where}{error.problem or 'no valid YAML'}.") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CommandError(f"{path}: no valid YAML: {error}.") from None


def read_persona(path: str) -> dict[str, Any]:
    """A mapping with at least a name."""
    data = read_data(path)
    if not isinstance(data, dict):
        raise CommandError(f"{path}: a persona is a mapping with name, description and style, not {_kind(data)}.")
    if not data.get("name"):
        raise CommandError(f"{path}: name: a persona needs one.")
    return data


def read_sessions(path: str) -> list[dict[str, Any]]:
    """A list of sessions, bare or under the key `sessions`. A turn may be just its text."""
    data = read_data(path)
    listed = data.get("sessions") if isinstance(data, dict) else data
    if not isinstance(listed, list) or not listed:
        raise CommandError(f"{path}: sessions: must be a list with at least one session, not {_kind(listed)}.")
    return [_session(path, index, item) for index, item in enumerate(listed)]


def _session(path: str, index: int, item: Any) -> dict[str, Any]:
    where = f"{path}: sessions[{index}]"
    if not isinstance(item, dict):
        raise CommandError(f"{where}: must be a mapping with name, time_gap_hours and turns, not {_kind(item)}.")
    turns = item.get("turns") or []
    if not isinstance(turns, list):
        raise CommandError(f"{where}.turns: must be a list, not {_kind(turns)}.")
    return {**item, "turns": [{"user_message": turn} if isinstance(turn, str) else turn for turn in turns]}


def in_their_files(refused: Refused, files: dict[str, str]) -> CommandError:
    """The server's refusal in the person's terms: `body.user_persona.goal` is `goal` of the persona file."""
    sentences = []
    for item in refused.errors:
        location = str(item.get("location", ""))
        key = next((key for key in files if location == f"body.{key}" or location.startswith((f"body.{key}.", f"body.{key}["))), None)
        if key:
            place = location.removeprefix(f"body.{key}").lstrip(".") if key == "user_persona" else location.removeprefix("body.")
            sentences.append(f"{files[key]}: {place}: {item.get('message', '')}" if place else f"{files[key]}: {item.get('message', '')}")
    return CommandError(" ".join(sentences), refused.code) if sentences else refused


def _kind(value: Any) -> str:
    words = {
        dict: "a mapping",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "empty",
    }
    return words.get(type(value), type(value).__name__)
