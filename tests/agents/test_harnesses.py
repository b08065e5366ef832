"""Command lines of coding agents: what is accepted, and that a prompt stays one argument."""

from itertools import pairwise

import pytest

from agents.harnesses import BUILT_IN, BadTemplate, check, parsed, rendered
from tests.support.fake_agent import installed
from tests.support.sandbox import run, said

HOSTILE = "$(touch /tmp/owned); `id` && rm -rf / | 'tee' \"x\" {model} {nothing} \n-- --help"


def filled(text: str, prompt: str = "do it", model: str = "m-1") -> list[str]:
    return rendered(parsed(text), prompt=prompt, model=model, workdir=".")


def test_it_fills_in_what_is_named() -> None:
    assert filled("my-agent --model={model} --dir '{workdir}/src' {prompt}") == ["my-agent", "--model=m-1", "--dir", "./src", "do it"]


def test_quotes_group_words_and_nothing_of_a_shell_is_understood() -> None:
    assert filled("""a "b c" 'd $HOME' * ; > x {prompt}""") == ["a", "b c", "d $HOME", "*", ";", ">", "x", "do it"]


def test_braces_of_its_own_are_doubled() -> None:
    assert filled("""a '{{"task": "{prompt}"}}'""") == ["a", '{"task": "do it"}']


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_prompt_of_the_built_in_ones_is_one_argument_whatever_it_says(name: str) -> None:
    for prompt in (HOSTILE, "--help", ""):
        argv = rendered(BUILT_IN[name].argv, prompt=prompt, model="m-1", workdir=".")
        assert argv[-2:] == ["--", prompt]
        assert "m-1" in argv
        assert len(argv) == len(BUILT_IN[name].argv)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_ones_pass_the_check_of_a_projects_own(name: str) -> None:
    check(BUILT_IN[name].argv)


def test_a_prompt_is_not_taken_for_an_option() -> None:
    assert filled("my-agent {prompt}", prompt="--version") == ["my-agent", " --version"]
    assert filled("my-agent -- {prompt}", prompt="--version") == ["my-agent", "--", "--version"]


def test_what_a_prompt_says_is_not_filled_in_again() -> None:
    assert filled("my-agent {prompt} {model}", prompt="{model} {{x}}") == ["my-agent", "{model} {{x}}", "m-1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("my-agent", "must have {prompt}"),
        ("my-agent {{prompt}}", "must have {prompt}"),
        ("my-agent {prompt} {key}", "{key} in the command is none of {prompt}, {model}, {workdir}"),
        ("my-agent {prompt} {}", "{} in the command"),
        ("my-agent {prompt.x}", "{prompt.x} in the command"),
        ("my-agent {prompt", "{ in the command"),
        ("my-agent '{prompt}", "a quotation mark is not closed"),
        ("my-agent {prompt} \\", "it ends with a backslash"),
        ("{prompt} x", "must begin with the name of a program"),
        ("-x {prompt}", "must begin with the name of a program"),
        ("'' {prompt}", "is empty"),
        ("my-agent {prompt}\nrm x", "one line"),
        ("sh -c 'my-agent {prompt}'", "inside a shell"),
        ("/bin/bash -lc 'my-agent \"{prompt}\"'", "inside a shell"),
        ("sh -e -c 'my-agent {prompt}'", "inside a shell"),
        (f"my-agent {{prompt}} {'x' * 2000}", "longer than 2000"),
    ],
)
def test_it_says_what_is_wrong_with_a_command(text: str, reason: str) -> None:
    with pytest.raises(BadTemplate) as refusal:
        parsed(text)
    assert reason in str(refusal.value)


def test_a_shell_may_be_handed_the_prompt_as_an_argument() -> None:
    assert filled("sh -c 'my-agent \"$1\"' sh {prompt}", prompt=HOSTILE)[-1] == HOSTILE


def test_a_target_without_a_model_is_refused_where_the_command_needs_one() -> None:
    with pytest.raises(BadTemplate, match="no model"):
        filled("my-agent --model {model} {prompt}", model="")
    assert filled("my-agent {prompt}", model="") == ["my-agent", "do it"]


async def test_an_agent_in_the_sandbox_is_given_the_prompt_as_it_is() -> None:
    with installed([{"say": "{prompt}"}, {"write": ["answer.txt", "42"]}], name="my-agent") as folder:
        outcome = await run(*filled("my-agent --model {model} {prompt}", prompt=HOSTILE), read_only=(str(folder),))
    assert said(outcome) == HOSTILE
    assert outcome.files == {"answer.txt": b"42"}


def test_codex_is_told_not_to_wait_for_hosts_that_the_sandbox_refuses() -> None:
    options = BUILT_IN["codex"].argv[: BUILT_IN["codex"].argv.index("--")]
    settings = {value for option, value in pairwise(options) if option == "-c"}
    assert settings == {"features.api_key_model_discovery=false", "features.plugins=false", "analytics.enabled=false"}
