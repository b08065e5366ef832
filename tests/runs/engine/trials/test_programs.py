"""What is told of libraries and tools, and the program in an answer."""

import time
import uuid
from typing import Any

import pytest

from runs.engine.trials import programs
from runs.engine.trials.plan import TrialPlan
from runs.engine.trials.programs import SHELL, program_in
from templates_app.sources.commands import BadCommand
from tests.support.trials import source, target, task_subject

SAID = """Sure. First install it:

```bash
pip install widgets
```

Then:

```python
import widgets
widgets.make("a")
```
"""


def plan(kind: str = "sdk", profile: Any = None, told: dict[str, Any] | None = None, **asked: Any) -> TrialPlan:
    return TrialPlan(
        run_id=uuid.uuid4(),
        project_id=uuid.uuid4(),
        source_type=kind,
        target_type="text",
        platform="openai",
        topic_id=None,
        label="Make",
        subject=task_subject(kind, **asked),
        target=target(),
        source=source(kind, **(told or {})),  # type: ignore[arg-type]
        profile=profile,
    )


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        (SAID, 'import widgets\nwidgets.make("a")'),
        ("```\nprint(1)\n```", "print(1)"),
        ("~~~python\nprint(1)\n~~~", "print(1)"),
        ("````python\nprint('```')\n````", "print('```')"),
        ("```python title=main.py\nprint(1)\n```", "print(1)"),
        ("```python\nprint(1)", "print(1)"),
        ("print(1)", "print(1)"),
        ("```py\na = 1\n```\nor\n```python\na = 1\nb = 2\n```", "a = 1\nb = 2"),
        ("```ruby\nputs 1\n```", "puts 1"),
        ("```python\n\n```", ""),
        ("   ", ""),
        ("  ```python\nprint(1)\n  ```", "print(1)"),
    ],
)
def test_the_program_is_the_longest_block_in_the_language_that_was_asked_for(answer: str, program: str) -> None:
    assert programs.program_in(answer, programs.LANGUAGES["python"]) == program


def test_a_prompt_sign_before_a_command_is_not_run() -> None:
    assert programs.program_in("```console\n$ widgets make a\n```", programs.SHELL) == "widgets make a"


def test_a_hostile_answer_is_read_in_one_pass() -> None:
    assert programs.program_in("```\n" * 20_001, programs.LANGUAGES["python"]) == ""
    for sign in "`~":
        assert len(programs.program_in(sign * 300_000, programs.LANGUAGES["python"])) == programs.LONGEST_PROGRAM


@pytest.mark.parametrize(
    ("command", "suffix"), [("", ".py"), ("python3.12 -I {file}", ".py"), ("env node {file}", ".mjs"), ("widgets run {file}", ".txt")]
)
def test_the_command_says_the_language(command: str, suffix: str) -> None:
    assert programs.language_of(programs.command_of(plan(told={"command": command}))).suffix == suffix


@pytest.mark.parametrize("command", ["python3", 'python3 "{file}'])
def test_a_command_that_cannot_be_used_is_said(command: str) -> None:
    with pytest.raises(BadCommand, match="A command line"):
        programs.command_of(plan(told={"command": command}))


def test_the_task_says_what_to_do_with_what_and_how_it_is_run() -> None:
    task = programs.task_of(plan(told={"docs": "widgets.make(name) makes one."}, custom_prompt="Make a red widget."))
    assert task.startswith("Use the library Widgets to do this:\nMake a red widget.")
    assert "widgets.make(name) makes one." in task
    assert "Python program in one fenced code block. It is run by: python3 main.py" in task


def test_documentation_can_be_left_out() -> None:
    task = programs.task_of(plan(told={"docs": "widgets.make(name) makes one."}, docs_mode="exclude"))
    assert "widgets.make(name)" not in task
    assert "Make an item." in task


def test_names_of_variables_are_told_where_the_definition_says_so() -> None:
    frozen = {"id": "", "key": "s", "name": "S", "base_url": "", "variable_names": ["TOKEN"], "allowed_hosts": []}
    assert "These environment variables are set: TOKEN" in programs.task_of(plan(profile=frozen))
    assert "TOKEN" not in programs.task_of(plan(profile=frozen, include_env_vars=False))


def test_a_tool_is_asked_for_a_command_line() -> None:
    assert "Answer with the command line" in programs.task_of(plan("cli"))


@pytest.mark.parametrize("filling", ["a", " ", "`", "a "])
def test_a_line_that_only_seems_to_open_a_block_is_read_in_a_moment(filling: str) -> None:
    began = time.process_time()
    program_in("```" + filling * 50_000 + "`\n", SHELL)
    assert time.process_time() - began < 5  # was quadratic: a minute, in which no other run of the process went on
