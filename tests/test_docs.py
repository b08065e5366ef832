"""The pages that a user reads are compared with the code, so that they cannot rot."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from evalhub.env import Env
from runs.events.types import EVENT_TYPES, Event
from templates_app.reasons import FailureReason

ROOT = Path(__file__).resolve().parents[1]
COMMON = {item.name for item in fields(Event)}


def text(name: str) -> str:
    return (ROOT / name).read_text()


def table(name: str, heading: str) -> dict[str, list[str]]:
    """The rows of the first table below a heading, by their first cell."""
    below = text(name).split(heading, 1)[1]
    rows = re.findall(r"^\| `([^`]+)`([^\n]*)\|$", below, re.MULTILINE)
    return {first: [cell.strip() for cell in rest.strip(" |").split("|")] for first, rest in rows}


def variable(field: str) -> str:
    alias = Env.model_fields[field].validation_alias
    choices = getattr(alias, "choices", [alias])
    return str(choices[0]) if alias else f"EVALHUB_{field.upper()}"


def test_the_settings_page_has_every_variable_and_no_other() -> None:
    assert set(table("docs/settings.md", "## All of them")) == {variable(field) for field in Env.model_fields}


def test_the_settings_page_says_what_the_code_says() -> None:
    rows = table("docs/settings.md", "## All of them")
    for field, info in Env.model_fields.items():
        assert rows[variable(field)][-1] == (info.description or "").replace("|", "\\|"), field


def test_the_event_table_is_the_list_of_event_types() -> None:
    rows = table("docs/api.md", "## Events")
    assert set(rows) == set(EVENT_TYPES)
    for name, cells in rows.items():
        own = {item.name for item in fields(EVENT_TYPES[name])} - COMMON
        assert set(re.findall(r"\w+", cells[-1])) == own, name


def test_the_table_of_reasons_is_the_vocabulary() -> None:
    rows = table("docs/eval-runs.md", "## Why children fail")
    assert {name: cells[-1] for name, cells in rows.items()} == {reason.value: reason.meaning for reason in FailureReason}


def test_the_gate_runs_the_test_command_of_the_readme() -> None:
    command = "pip install -e '.[test]' && pytest"
    assert command in text("README.md")
    assert command in text(".ci/run")


PAGES = ["README.md", "CONTRIBUTING.md", *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", text(page))
    missing = [link for link in links if not link.startswith("http") and not ((ROOT / page).parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", ["README.md", "docs/agents.md", "docs/api.md", "docs/eval-runs.md", "docs/settings.md", "CONTRIBUTING.md"])
def test_every_command_that_is_shown_exists(page: str) -> None:
    import typer.main

    from evalhub.cli.app import app

    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    shown = re.findall(r"(?:^|[`(& ])evalhub ([a-z][a-z-]+)", text(page), re.MULTILINE)
    assert set(shown) <= known


def test_every_decision_that_is_named_is_written_down() -> None:
    written = {page.name[:4] for page in (ROOT / "docs/decisions").glob("0*.md")}
    rooms = ["evalhub", "runs", "agents", "templates_app", "docs", "tests"]
    sources = [path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in {".py", ".md"}]
    named = {
        number
        for path in sources
        for number in re.findall(r"\bdecisions?[/ ](00\d\d)\b|\((00\d\d)\)", path.read_text())
        for number in number
        if number
    }
    assert named - written == set()
    assert {"0008", "0012"} <= named


def test_the_table_of_the_dialect_v1_has_every_path_and_method() -> None:
    from runs.api.durable.urls import paths

    below = text("docs/api.md").split("## The dialect /v1", 1)[1]
    rows = re.findall(r"^\| ((?:GET|POST|PUT|PATCH|DELETE)[A-Z, ]*) `([^`]+)` \|", below, re.MULTILINE)
    told = {path: set(methods.split(", ")) for methods, path in rows}
    assert told == {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route): set(view.ops) for route, view in paths}


def test_every_key_of_a_query_of_the_dialect_v1_is_named() -> None:
    from runs.api.durable.urls import paths

    below = text("docs/api.md").split("## The dialect /v1", 1)[1]
    keys = {key for _, view in paths for op in view.ops.values() if op.query for key in op.query.model_fields}
    assert {key for key in keys if f"`{key}" not in below} == set()
