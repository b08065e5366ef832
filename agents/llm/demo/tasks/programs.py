"""Writes the program or command line that a task asks for: the example of its documentation that fits best, else a call."""

import re
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.llm.demo.words import number, pick, stems

MOST_LITERALS = 5
LONGEST_WISH = 2000  # characters in which a call is looked for
AHEAD = 3  # lines before an example that say what it is for
CALLS_IT = 20  # an example that calls what the task is about weighs as much as so many common words

_FIRST = re.compile(r"Use the (library|command-line tool) (.+?) to do this:\n")
_ABOUT = re.compile(r"^It is about (.+)\.$", re.MULTILINE)
_DOCS = re.compile(r"^Documentation:$", re.MULTILINE)
_WANTED = re.compile(r"^Answer with .*?in one fenced code block\. It is run by: (.+)$", re.MULTILINE)
_FENCE = re.compile(r"```+[ \t]*([\w+#.-]*)")
_PROMPT = re.compile(r"(?:\$|>>>|\.\.\.) ")
_LITERAL = re.compile(  # a list, a text, a number
    r"\[[^\[\]\n]{0,200}\]|\"[^\"\n]{0,200}\"|'[^'\n]{1,200}'(?!\w)|`[^`\n]{1,200}`"
    r"|(?<![\w.])-?\d{1,12}(?:\.\d{1,12})?(?!\.?\w)"
)
_CALL = re.compile(r"([A-Za-z_][\w.]*)\.([A-Za-z_]\w*)(\([^()]*\))?")
_NAME = re.compile(r"[A-Za-z_]\w*")

FENCES = {"python": ("python", "py", "python3", "pycon", ""), "javascript": ("javascript", "js", "node", "mjs", "")}
TYPED = "typed at a prompt"
SHELL = ("sh", "bash", "shell", "console", "shell-session", "zsh", "")


@dataclass(frozen=True, slots=True)
class ProgramTask:
    """`language` is python, javascript, shell, or "" for one that no example here is written in."""

    name: str
    wish: str
    about: str
    docs: str
    language: str


def task_in(text: str) -> ProgramTask | None:
    """None where the text asks for no program."""
    first, wanted = _FIRST.match(text), _WANTED.search(text)
    if not first or not wanted:
        return None
    told, docs = _before(text[first.end() : wanted.start()], _DOCS)
    about = _ABOUT.search(told)
    wish = told[: about.start()] if about else told
    language = _language(wanted, is_tool=first.group(1) != "library")
    return ProgramTask(first.group(2), wish.strip(), about.group(1) if about else "", f"{told}\n{docs}", language)


def written(task: ProgramTask, text: str, *, model: str, mistakes_of_ten: int) -> str:
    """The answer, with a mistake in as many of ten tasks as that says."""
    program = _best_example(task) or (_command(task) if task.language == "shell" else _program(task))
    if number(text, model, "slip") % 10 < mistakes_of_ten:
        return _slip(task, program, text, model)
    return _fenced(task, program)


def _before(text: str, heading: re.Pattern[str]) -> tuple[str, str]:
    found = heading.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def _language(wanted: re.Match[str], *, is_tool: bool) -> str:
    if is_tool or " shell script" in wanted.group():
        return "shell"
    return next((name for word, name in ((" Python ", "python"), (" JavaScript ", "javascript")) if word in wanted.group()), "")


def _fenced(task: ProgramTask, program: str) -> str:
    return f"```{'sh' if task.language == 'shell' else task.language}\n{program}\n```"


def _best_example(task: ProgramTask) -> str:
    """Of the documentation, what has most in common with the task; "" where nothing has."""
    name = task.about.partition("(")[0].split(" ")[-1].rpartition(".")[2]
    wished = stems(f"{task.wish} {task.about}")
    scored = [
        (len(wished & stems(f"{ahead} {example}")) + CALLS_IT * (name != "" and name in example), example)
        for ahead, example in _examples(task)
    ]
    best, example = max(scored, key=lambda pair: pair[0], default=(0, ""))
    return example if best else ""


def _examples(task: ProgramTask) -> Iterator[tuple[str, str]]:
    """What stands before it, and the example without the prompts of a terminal: fenced blocks, and what is shown as typed."""
    fences = SHELL if task.language == "shell" else FENCES.get(task.language, ())
    lines = task.docs.splitlines()
    for kind, first, end in _blocks(lines):
        example = textwrap.dedent("\n".join(lines[first:end]))
        if kind in fences and example.strip():
            yield "\n".join(lines[max(first - AHEAD, 0) : first]), _without_prompts(example)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Language and place of each fenced block and of each stretch of typed lines. A block that is not closed is none."""
    first, kind = -1, ""
    for place, line in enumerate([*lines, ""]):
        stripped = line.strip()
        if kind == TYPED and not _PROMPT.match(stripped):
            yield _kind_typed(lines[first]), first, place
            first, kind = -1, ""
        if first >= 0 and kind != TYPED and stripped.startswith("```"):
            yield kind, first, place
            first, kind = -1, ""
        elif first < 0 and (opening := _FENCE.match(stripped)):
            first, kind = place + 1, opening.group(1).lower()
        elif first < 0 and _PROMPT.match(stripped):
            first, kind = place, TYPED


def _kind_typed(line: str) -> str:
    return "sh" if line.strip().startswith("$") else "pycon"


def _without_prompts(example: str) -> str:
    """Of a session in a terminal only what was typed."""
    lines = example.strip("\n").splitlines()
    typed = [line.lstrip() for line in lines if _PROMPT.match(line.lstrip())]
    return "\n".join(_PROMPT.sub("", line, count=1) for line in typed) if typed else "\n".join(lines)


def _program(task: ProgramTask) -> str:
    """A call of what the task is about, with the values that its text names."""
    called = _CALL.search(task.about) or _CALL.search(task.wish[:LONGEST_WISH])
    if not called:
        module = "".join(_NAME.findall(task.name.lower())[:1])
        return f"import {module}\n\nprint(dir({module}))" if task.language == "python" else f'console.log(await import("{task.name}"))'
    module, function = called.group(1), called.group(2)
    given = ", ".join(_literals(task.wish))
    if task.language == "javascript":
        return f'import * as {module.split(".")[0]} from "{module.split(".")[0]}";\n\nconsole.log({module}.{function}({given}));'
    return f"import {module}\n\nprint({module}.{function}({given}))"


def _command(task: ProgramTask) -> str:
    """The tool with the values that the text names. `about` is a part of the tool, unless its examples never call the tool by its name."""
    tool = task.name.split(" ")[0]
    command = task.about or tool
    shown = [example.split() for _, example in _examples(task)]
    if command.split(" ")[0] != tool and (not shown or any(tool in words for words in shown)):
        command = f"{tool} {command}"
    return " ".join([command, *(shlex.quote(value.strip("\"'`")) for value in _literals(task.wish))])


def _literals(wish: str) -> list[str]:
    found = (literal.group() for literal in _LITERAL.finditer(wish))
    return [each.replace("`", '"') for each in found][:MOST_LITERALS]


def _slip(task: ProgramTask, program: str, text: str, model: str) -> str:
    unsure = pick(["Let me think about how this is done.", "I am not sure which call that is."], text, model)
    misspelt = _fenced(task, _misspelt(program))
    slips = [f"{unsure}\n\n{_fenced(task, '')}", misspelt, misspelt, _fenced(task, _unfinished(task, program))]
    return slips[number(text, model, "which slip") % len(slips)]


def _misspelt(program: str) -> str:
    """A name that is called loses a letter; a command line loses one of its command."""
    calls = [found for found in re.finditer(r"[A-Za-z_]\w*(?=\()", program) if found.group() not in ("print", "log")]
    found = calls[-1] if calls else re.search(r"[A-Za-z_]\w+", program)
    if not found:
        return program
    word = found.group()
    return f"{program[: found.start()]}{word[:-1] if len(word) > 2 else word + word}{program[found.end() :]}"


def _unfinished(task: ProgramTask, program: str) -> str:
    """It gives up before it is done."""
    last = {"shell": "echo 'not done yet' >&2\nexit 3", "javascript": 'throw new Error("not done yet");'}
    kept = program.splitlines()[: len(program.splitlines()) // 2]
    return "\n".join([*kept, last.get(task.language, 'raise NotImplementedError("not done yet")')])
