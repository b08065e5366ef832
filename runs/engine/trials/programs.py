"""Libraries and command-line tools: what the model is told, and the program that it wrote, out of its answer. Plain Python."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from runs.batches.snapshots import TaskSnapshot
from runs.engine.trials.plan import TrialPlan
from templates_app.models import SourceType
from templates_app.sources.commands import DEFAULTS, PLACE, arguments_of

MOST_DOCS = 60_000  # characters of documentation that a model is told
LONGEST_PROGRAM = 200_000


@dataclass(frozen=True, slots=True)
class Language:
    """What a program is called in an answer, and as a file."""

    name: str
    suffix: str
    fences: frozenset[str]


SHELL = Language("shell script", ".sh", frozenset({"sh", "bash", "shell", "zsh", "console", "shell-session"}))
# By the program that runs it.
LANGUAGES: Mapping[str, Language] = {
    "python": Language("Python program", ".py", frozenset({"python", "py", "python3"})),
    "node": Language("JavaScript program", ".mjs", frozenset({"javascript", "js", "node", "mjs"})),
    "deno": Language("TypeScript program", ".ts", frozenset({"typescript", "ts", "javascript", "js"})),
    "bun": Language("TypeScript program", ".ts", frozenset({"typescript", "ts", "javascript", "js"})),
    "ruby": Language("Ruby program", ".rb", frozenset({"ruby", "rb"})),
    "php": Language("PHP program", ".php", frozenset({"php"})),
    "perl": Language("Perl program", ".pl", frozenset({"perl"})),
    "go": Language("Go program", ".go", frozenset({"go", "golang"})),
    "java": Language("Java program", ".java", frozenset({"java"})),
    "sh": SHELL,
    "bash": SHELL,
}
OTHER = Language("program", ".txt", frozenset())
_FENCE = re.compile(r"^ {0,3}(```++|~~~++)[ \t]*+([\w+#.-]*+)[^\n`]*+\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"^\$ ", re.MULTILINE)


def command_of(plan: TrialPlan) -> list[str]:
    """How a written program is run, with {file} still in it. Raises BadCommand."""
    return arguments_of((plan.source and plan.source["command"]) or DEFAULTS[SourceType(plan.source_type)])


def file_name(language: Language) -> str:
    """Of the program, in the work folder that it is run in."""
    return f"main{language.suffix}"


def language_of(argv: Sequence[str]) -> Language:
    """By the first word that names an interpreter: python3.12 is Python, `env node` is JavaScript."""
    names = (re.sub(r"[\d.]+$", "", PurePosixPath(part).name) for part in argv)
    return next((LANGUAGES[name] for name in names if name in LANGUAGES), OTHER)


def task_of(plan: TrialPlan) -> str:
    """What a model or a coding agent is told. Names of variables only where the definition says so; their values never."""
    task: TaskSnapshot = plan.subject  # type: ignore[assignment]  # of this kind of source
    asked = plan.definition
    label = plan.source["label"] if plan.source else "it"
    what = "command-line tool" if plan.source_type == SourceType.CLI else "library"
    parts = [f"Use the {what} {label} to do this:\n{asked['custom_prompt'].strip() or _summary(task)}"]
    if asked["docs_mode"] != "exclude":
        parts += _documentation(plan, task)
    if names := [name for name in plan.variable_names if plan.is_given(name)]:
        parts.append(f"These environment variables are set: {', '.join(names)}")
    return "\n\n".join(filter(None, [*parts, plan.context, _wanted(plan)]))


def program_in(answer: str, language: Language) -> str:
    """The longest fenced block, of those in the language if there are any; the whole answer where nothing is fenced. "" for none."""
    blocks = [(name.lower(), text) for _, name, text in _FENCE.findall(answer)]
    fitting = [text for name, text in blocks if name in language.fences] or [text for _, text in blocks]
    found = max(fitting, key=len, default=answer if not blocks else "")
    program = _PROMPT.sub("", found) if language is SHELL else found
    return program.strip("\n")[:LONGEST_PROGRAM] if program.strip() else ""


def _summary(task: TaskSnapshot) -> str:
    operation = task["operation"]
    return operation["summary"] or operation["description"] or operation["path"]


def _documentation(plan: TrialPlan, task: TaskSnapshot) -> Iterator[str]:
    operation, source = task["operation"], plan.source
    if operation["path"]:
        yield f"It is about {operation['path']}." + (f"\n{operation['description']}" if operation["description"] else "")
    if source and source["docs"].strip():
        yield f"Documentation:\n{source['docs'].strip()[:MOST_DOCS]}"
    if source and source["docs_url"]:
        yield f"Its documentation is at {source['docs_url']}"


def _wanted(plan: TrialPlan) -> str:
    if plan.is_agent:
        return "Do it in the current folder, and print the result as your last words."
    argv = command_of(plan)
    language = language_of(argv)
    run_by = shlex.join(part.replace(PLACE, file_name(language)) for part in argv)
    if plan.source_type == SourceType.CLI:
        return f"Answer with the command line, or a short {language.name}, in one fenced code block. It is run by: {run_by}"
    return f"Answer with one complete {language.name} in one fenced code block. It is run by: {run_by}"
