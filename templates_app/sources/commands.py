"""The command line by which a written program is run: an argument list with {file} in it, which no shell reads. A leaf."""

import shlex
from collections.abc import Mapping

from templates_app.models import SourceType

PLACE = "{file}"  # where the written program stands
DEFAULTS: Mapping[SourceType, str] = {SourceType.SDK: f"python3 {PLACE}", SourceType.CLI: f"sh -e {PLACE}"}


class BadCommand(ValueError):
    """A command line that cannot be used; the message is a sentence that says why."""


def arguments_of(command: str) -> list[str]:
    """The arguments, PLACE still among them. Raises BadCommand."""
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise BadCommand(f"A command line cannot be split like that: {error}.") from None
    if not any(PLACE in argument for argument in arguments):
        raise BadCommand(f"A command line needs {PLACE} where the written program stands, such as: python3 {PLACE}")
    return arguments
