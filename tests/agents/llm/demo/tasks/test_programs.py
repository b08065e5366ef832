"""Programs and command lines that a demo model writes, from the documentation in its task or from the task's own words."""

import uuid
from typing import Any

import pytest

from agents.llm.demo.tasks import answered
from runs.engine.trials.plan import TrialPlan
from runs.engine.trials.programs import command_of, language_of, program_in, task_of
from templates_app.models import SourceType
from tests.support.trials import source, target, task_subject

DOCS = """\
# Widgets

To count words, use count:

```python
import widgets
print(widgets.count("one two"))
```

To make something larger:

```python
import widgets
print(widgets.grow(3))
```

From a terminal:

    $ widgets grow --by 3 lamp
    grown: lamp

    $ widgets count words.txt
    2

>>> widgets.shrink(1)
0
"""


def plan(
    kind: str, *, docs: str = "", command: str = "", path: str = "", summary: str = "", label: str = "widgets", **asked: Any
) -> TrialPlan:
    subject = task_subject(kind, operation={"path": path, "summary": summary}, **asked)
    given = source(kind, label=label, docs=docs, command=command)
    return TrialPlan(uuid.uuid4(), uuid.uuid4(), kind, "text", "demo", None, "", subject, target("demo/agent"), given)  # type: ignore[arg-type]


def program(asked: TrialPlan, *, model: str = "agent", mistakes: int = 0) -> str:
    answer = answered(task_of(asked), model=model, mistakes_of_ten=mistakes)
    assert answer is not None
    return program_in(answer, language_of(command_of(asked)))


@pytest.mark.parametrize(
    ("summary", "line"),
    [
        ("Make the lamp larger.", "print(widgets.grow(3))"),
        ("Count the words of a text.", 'print(widgets.count("one two"))'),
    ],
)
def test_it_takes_the_example_that_fits_the_task(summary: str, line: str) -> None:
    assert program(plan(SourceType.SDK, docs=DOCS, summary=summary)).splitlines() == ["import widgets", line]


def test_an_example_that_calls_what_the_task_is_about_comes_first() -> None:
    assert program(plan(SourceType.SDK, docs=DOCS, path="widgets.shrink", summary="Count the words of a text.")) == "widgets.shrink(1)"


def test_a_command_line_is_taken_from_what_is_typed_in_the_documentation() -> None:
    assert program(plan(SourceType.CLI, docs=DOCS, summary="Count the words of a file.")) == "widgets count words.txt"


def test_without_examples_it_calls_what_the_task_names_with_its_values() -> None:
    asked = plan(SourceType.SDK, path="statistics.mean", custom_prompt="Print the mean of [1, 2, 6].", label="statistics")
    assert program(asked) == "import statistics\n\nprint(statistics.mean([1, 2, 6]))"


def test_javascript_is_written_where_it_is_run() -> None:
    asked = plan(SourceType.SDK, path="lodash.chunk", custom_prompt="Chunk [1, 2, 3] by 2.", label="lodash", command="node {file}")
    assert program(asked) == 'import * as lodash from "lodash";\n\nconsole.log(lodash.chunk([1, 2, 3], 2));'


def test_a_command_line_without_examples_names_the_tool() -> None:
    asked = plan(SourceType.CLI, path="widgets grow", custom_prompt='Grow "the lamp; now" by 3.', label="widgets")
    assert program(asked) == "widgets grow 'the lamp; now' 3"


def test_a_set_of_tools_whose_examples_never_name_the_set_is_called_by_the_tool() -> None:
    asked = plan(
        SourceType.CLI, docs="Sort lines:\n\n    $ sort lines.txt\n", path="seq", summary="Print numbers up to 5.", label="coreutils"
    )
    assert program(asked) == "seq 5"


def test_mistakes_are_of_several_kinds() -> None:
    answers = {program(plan(SourceType.SDK, docs=DOCS, summary=f"Count words of a text, case {n}."), mistakes=10) for n in range(40)}
    right = program(plan(SourceType.SDK, docs=DOCS, summary="Count words."))
    assert right not in answers
    assert "" in answers  # no program at all
    assert any("NotImplementedError" in answer for answer in answers)
    assert any("widgets.coun(" in answer for answer in answers)


def test_documentation_that_never_closes_a_block_is_read_all_the_same() -> None:
    docs = "```python\n" * 5000 + "```python x"
    assert program(plan(SourceType.SDK, docs=docs, path="statistics.mean", label="statistics")).startswith("import statistics")
