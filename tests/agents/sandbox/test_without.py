"""Where bubblewrap is missing or broken: a sentence instead of a run, or a run that says so where an owner allows it."""

import os
import sys
from pathlib import Path

import pytest

from agents.sandbox import Ended, Job, Limits, Outcome, SandboxMissing, execute, why_missing
from tests.agents.sandbox.test_endings import HIDE, living

REFUSED = "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces."


@pytest.fixture
def nothing(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without bwrap."""
    monkeypatch.setenv("PATH", str(open_folder))
    return open_folder


@pytest.fixture
def broken(nothing: Path) -> Path:
    """A bwrap that the kernel, or a container around it, does not let work."""
    program = nothing / "bwrap"
    program.write_text(f"#!/bin/sh\necho '{REFUSED}' >&2\nexit 1\n")
    program.chmod(0o755)
    return program


async def bare(*argv: str, limits: Limits | None = None, **job: object) -> Outcome:
    return await execute(Job(list(argv), limits=limits or Limits(wall_s=60, cpu_s=30), **job), unsandboxed_allowed=True)  # type: ignore[arg-type]


@pytest.mark.usefixtures("nothing")
async def test_without_bubblewrap_nothing_is_run_and_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(SandboxMissing) as refusal:
        await execute(Job(["/usr/bin/touch", str(tmp_path / "ran")]), unsandboxed_allowed=False)
    assert "bwrap is not on this machine" in str(refusal.value)
    assert "Install the package bubblewrap" in str(refusal.value)
    assert "EVALHUB_ALLOW_UNSANDBOXED=1" in str(refusal.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("broken")
async def test_where_bubblewrap_may_not_work_it_says_what_bubblewrap_says() -> None:
    with pytest.raises(SandboxMissing) as refusal:
        await execute(Job(["/usr/bin/true"]), unsandboxed_allowed=False)
    assert REFUSED in str(refusal.value)
    assert await why_missing() == str(refusal.value)


@pytest.mark.usefixtures("nothing")
async def test_where_it_is_allowed_it_runs_and_says_that_it_had_no_sandbox() -> None:
    outcome = await bare("./hello", files={"hello": "#!/bin/sh\ncat\necho $PWD > out", "a/b": "x"}, stdin=b"given")
    assert (outcome.ended, outcome.exit_code, outcome.stdout, outcome.sandboxed) == (Ended.EXITED, 0, "given", False)
    assert outcome.sentence == "The program exited with code 0. It ran without a sandbox."
    assert set(outcome.files) == {"hello", "a/b", "out"}
    folder = Path(outcome.files["out"].decode().strip())
    assert folder.name == "work"
    assert not folder.parent.exists()


@pytest.mark.usefixtures("nothing")
async def test_it_is_not_root_and_sees_no_variable_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHUB_SECRET_KEY", "hush")
    outcome = await bare("/usr/bin/python3", "-c", "import os; print(os.getuid(), *sorted(os.environ))", env={"API_TOKEN": "x"})
    user, *names = outcome.stdout.split()
    assert int(user) == (os.geteuid() or 40961)
    assert names == ["API_TOKEN", "EVALHUB_JOB", "HOME", "LANG", "PATH", "TMPDIR"]


@pytest.mark.usefixtures("nothing")
async def test_its_time_processor_memory_output_and_disk_are_limited() -> None:
    assert (await bare("/bin/sleep", "600", limits=Limits(wall_s=0.3))).ended == Ended.TIMEOUT
    spin = await bare("/usr/bin/python3", "-c", "while True: pass", limits=Limits(cpu_s=1))
    assert spin.ended == Ended.CPU_LIMIT
    hold = "held = []\nwhile True: held.append(b'x' * 1048576)"
    assert (await bare("/usr/bin/python3", "-c", hold, limits=Limits(memory_bytes=100 << 20))).ended == Ended.MEMORY_LIMIT
    flood = await bare("/bin/sh", "-c", "/usr/bin/head -c 100000000 /dev/zero", limits=Limits(output_bytes=10))
    assert (len(flood.stdout), flood.stdout_truncated) == (10, True)
    fill = "import itertools\nfor n in itertools.count(): open(str(n), 'wb').write(bytes(1 << 20))"
    assert (await bare("/usr/bin/python3", "-c", fill, limits=Limits(disk_bytes=16 << 20))).ended == Ended.DISK_LIMIT


@pytest.mark.usefixtures("nothing")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who descends from a job")
async def test_processes_that_left_its_session_are_ended_too() -> None:
    mark = f"evalhub-test-bare-{os.getpid()}"
    outcome = await bare("/usr/bin/python3", "-c", HIDE, mark)
    assert outcome.stdout == "left it behind\n"
    assert living(mark) == []


@pytest.mark.usefixtures("nothing")
async def test_links_it_leaves_are_not_followed() -> None:
    outcome = await bare("/bin/sh", "-c", "ln -s /etc/passwd link; ln -s / root; echo mine > real")
    assert outcome.files == {"real": b"mine\n"}
