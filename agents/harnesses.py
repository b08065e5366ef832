"""Coding agents as command lines: the two that are built in, and the reading of a project's own. Plain Python.

A command line is a list of arguments from the first to the last: what stands in a prompt never meets a shell.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

PLACEHOLDERS = ("prompt", "model", "workdir")
FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
LONGEST = 2000  # characters of a template
SHELLS = ("sh", "bash", "dash", "zsh")


class BadTemplate(ValueError):
    """A command line that cannot be used; the message says what to change."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """`key` is the execution_platform.

    One of `variables` must be in the environment profile: its account. What begins with one of `prefixes` there is for the agent too.
    """

    key: str
    label: str
    argv: tuple[str, ...]
    variables: tuple[str, ...]
    prefixes: tuple[str, ...]
    allowed_hosts: tuple[str, ...]

    def owns(self, variable: str) -> bool:
        """Whether a variable is for the agent itself, and not for what it works on."""
        return variable.startswith(self.prefixes)


# Both agents would put walls of their own around what they run, and ask a person first. The sandbox is the wall, and
# nobody is there to be asked, so they are told to leave that. `--` ends the options: a prompt may begin with a dash.
# Codex would wait for seconds for lists of models and plugins on hosts that are refused; it warns of a setting it does not know.
QUIET = ("features.api_key_model_discovery=false", "features.plugins=false", "analytics.enabled=false")
BUILT_IN = {
    harness.key: harness
    for harness in (
        BuiltIn(
            key="codex",
            label="Codex",
            argv=(
                *("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
                *(part for setting in QUIET for part in ("-c", setting)),
                *("--cd", "{workdir}", "--model", "{model}", "--", "{prompt}"),
            ),
            variables=("CODEX_API_KEY",),
            prefixes=("CODEX_",),
            allowed_hosts=("api.openai.com",),
        ),
        BuiltIn(
            key="claude-code",
            label="Claude Code",
            argv=(
                *("claude", "--print", "--output-format", "text", "--dangerously-skip-permissions"),
                *("--model", "{model}", "--", "{prompt}"),
            ),
            variables=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
            prefixes=("ANTHROPIC_", "CLAUDE_CODE_"),
            allowed_hosts=("api.anthropic.com",),
        ),
    )
}


def parsed(text: str) -> tuple[str, ...]:
    """A command line as a person types it, as arguments. Quotes group words; nothing else of a shell is understood.

    Raises BadTemplate.
    """
    if len(text) > LONGEST:
        raise BadTemplate(f"The command is longer than {LONGEST} characters.")
    if re.search(r"[\0\r\n]", text):
        raise BadTemplate("The command must be one line.")
    try:
        argv = tuple(shlex.split(text))
    except ValueError as error:
        raise BadTemplate(f"The command cannot be split into arguments: {_plain(error)}.") from None
    check(argv)
    return argv


def check(argv: Sequence[str]) -> None:
    """Raises BadTemplate for arguments that could not be filled in, or would not carry the prompt."""
    if not argv or not argv[0]:
        raise BadTemplate("The command is empty; it begins with the program, such as my-agent --model {model} {prompt}.")
    if argv[0].startswith("-") or FIELD.search(argv[0]):
        raise BadTemplate("The command must begin with the name of a program, which no placeholder fills in.")
    names = [name for argument in argv for name in _placeholders(argument)]
    if "prompt" not in names:
        raise BadTemplate("The command must have {prompt} where the agent takes its task.")
    if _is_run_by_a_shell(argv, "prompt"):
        raise BadTemplate("A prompt inside a shell's own command would be run by it. Write sh -c 'my-agent \"$1\"' sh {prompt} instead.")


def _is_run_by_a_shell(argv: Sequence[str], name: str) -> bool:
    """Whether a placeholder stands in what `sh -c`, `bash -e -c` or `sh -ec` runs."""
    if argv[0].rsplit("/", 1)[-1] not in SHELLS:
        return False
    for option, following in pairwise(argv[1:]):
        if not option.startswith("-"):
            return False
        if "c" in option and not option.startswith("--"):
            return name in _placeholders(following)
    return False


def rendered(argv: Sequence[str], *, prompt: str, model: str, workdir: str) -> list[str]:
    """The arguments with their placeholders filled in. Raises BadTemplate when a model is wanted and there is none."""
    if not model and any("model" in _placeholders(argument) for argument in argv):
        raise BadTemplate("The command names {model}, and the target has no model.")
    # An argument that is the prompt and begins with a dash would be taken for an option; a space in front changes nothing else.
    safe = f" {prompt}" if prompt.startswith("-") and "--" not in argv else prompt
    values = {"prompt": prompt.replace("\0", ""), "model": model, "workdir": workdir}
    return [
        safe.replace("\0", "") if argument == "{prompt}" else FIELD.sub(lambda found: _filled(found, values), argument) for argument in argv
    ]


def _filled(found: re.Match[str], values: dict[str, str]) -> str:
    return {"{{": "{", "}}": "}"}.get(found[0]) or values[found[1]]


def _placeholders(argument: str) -> list[str]:
    """The names in one argument. Raises BadTemplate for any that is not known, and for a brace that is alone."""
    names = []
    for found in FIELD.finditer(argument):
        if found[0] in ("{{", "}}"):
            continue
        if found[1] not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise BadTemplate(f"{found[0]} in the command is none of {known}. Write {{{{ and }}}} for braces of its own.")
        names.append(found[1])
    return names


def _plain(error: ValueError) -> str:
    said = str(error)
    return {"No closing quotation": "a quotation mark is not closed", "No escaped character": "it ends with a backslash"}.get(said, said)
