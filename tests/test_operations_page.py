"""What docs/operations.md tells people to type, paste and watch is there."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from evalhub import metrics
from evalhub.cli.app import app
from evalhub.env import Env
from runs import workload
from tests.test_docs import text, variable

PAGE = "docs/operations.md"
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```", text(PAGE), re.MULTILINE | re.DOTALL)
UNITS = dict(zip(("evalhub-web", "evalhub-worker"), [block for kind, block in BLOCKS if "[Unit]" in block], strict=True))
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(kind: str) -> list[str]:
    return [block for name, block in BLOCKS if name == kind]


def service(name: str) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNITS[name])
    return unit["Service"]


def shown() -> list[tuple[str, list[str]]]:
    """Every command of ours on the page, in a shell or in a unit, with its options."""
    lines = "\n".join([*blocks("sh"), *UNITS.values(), *re.findall(r"`(evalhub [^`]+)`", text(PAGE))])
    found = re.findall(r"(?:^|[/= ])evalhub (?!evalhub)([a-z][a-z-]+)((?: --?[a-z-]+(?: [^\s-]\S*)?)*)$", lines, re.MULTILINE)
    return [(name, re.findall(r"--[a-z-]+", options)) for name, options in found]


@pytest.mark.parametrize("name", UNITS)
def test_a_worker_gets_its_time_to_stop_and_starts_again_for_ever(name: str) -> None:
    settings = service(name)
    assert settings["KillMode"] == "mixed"
    assert settings["Restart"] == "always"
    if name == "evalhub-worker":
        assert float(settings["TimeoutStopSec"]) > 2 * Env.model_fields["stop_seconds"].default


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_units_as_they_stand(name: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / f"{name}.service"
    # The only thing this machine does not have is the installed command.
    unit.write_text(UNITS[name].replace("/opt/evalhub/bin/evalhub", shutil.which("true") or "/bin/true"))
    ran = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60)
    said = [line for line in (ran.stdout + ran.stderr).splitlines() if name in line]
    assert said == []


def test_every_command_exists_with_its_options() -> None:
    found = shown()
    assert {name for name, _ in found} >= {"migrate", "web", "worker", "sign-in-link", "resume"}
    for name, options in found:
        assert name in COMMANDS, name
        known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert set(options) <= known, name


def test_every_setting_exists() -> None:
    of_commands = {parameter.envvar for command in COMMANDS.values() for parameter in command.params}
    known = of_commands | {variable(field) for field in Env.model_fields}
    named = set(re.findall(r"EVALHUB_[A-Z_]+|DATABASE_URL|OPENAI_[A-Z_]+", text(PAGE)))
    assert named
    assert named <= known


@pytest.mark.django_db
def test_the_table_has_every_metric_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_totals", workload.Totals())
    families = [*metrics._queue(), *metrics._workers(), *metrics._calls(), *metrics._providers(), *metrics._this_process()]
    names = {family.name + ("_total" if family.type == "counter" else ""): family.type for family in families}
    rows = dict(re.findall(r"^\| `(evalhub_\w+)` \| (\w+) \|", text(PAGE), re.MULTILINE))
    assert rows == names | {"evalhub_database_up": "gauge"}


def test_alerts_are_yaml_and_ask_for_metrics_that_exist() -> None:
    loaded = [yaml.safe_load(block) for block in blocks("yaml")]
    rules = loaded[1]["groups"][0]["rules"]
    table = set(re.findall(r"^\| `(evalhub_\w+)`", text(PAGE), re.MULTILINE))
    for rule in rules:
        asked = re.findall(r"evalhub_\w+", rule["expr"])
        assert {name.removesuffix("_bucket") for name in asked} <= table, rule["alert"]


def test_the_readme_leads_to_the_page() -> None:
    assert "docs/operations.md" in text("README.md")
