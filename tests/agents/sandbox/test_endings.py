"""Nothing of a job outlives it: not a process that hid, not a cancelled task's, not a killed worker's."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from agents.sandbox import Ended, Job, execute
from tests.support.sandbox import PYTHON, limits, python, run, said, sandbox_or_skip

# A process that leaves its parent, its session and its pipes, and would sleep for ten minutes under a name of its own.
HIDE = """
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    nowhere = os.open('/dev/null', os.O_RDWR)
    for descriptor in (0, 1, 2): os.dup2(nowhere, descriptor)
    os.execv('/usr/bin/python3', ['python3', '-c', 'import time; time.sleep(600)', sys.argv[1]])
os.wait()
print('left it behind', flush=True)
"""


def living(mark: str) -> list[int]:
    """Processes of this machine with that text among their arguments."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            is_it = folder.name.isdigit() and mark.encode() in (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if is_it and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def until_gone(mark: str, seconds: float = 10) -> list[int]:
    """Those that are left after that time."""
    until = time.monotonic() + seconds
    while (left := living(mark)) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def until_there(mark: str, *, but: int = 0) -> None:
    until = time.monotonic() + 30
    while not set(living(mark)) - {but}:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def mark() -> str:
    return f"evalhub-test-{uuid.uuid4().hex}"


async def test_a_grandchild_that_hid_is_gone_when_the_program_has_exited(mark: str) -> None:
    outcome = await python(HIDE, mark)
    assert said(outcome) == "left it behind"
    assert living(mark) == []


async def test_it_is_gone_when_the_time_is_up(mark: str) -> None:
    outcome = await python(HIDE + "\nimport time; time.sleep(600)", mark, limits=limits(wall_s=1))
    assert (outcome.ended, outcome.stdout) == (Ended.TIMEOUT, "left it behind\n")
    assert living(mark) == []


async def test_a_child_that_holds_the_output_open_keeps_nobody_waiting(mark: str) -> None:
    began = time.monotonic()
    outcome = await run("/bin/sh", "-c", f"{PYTHON} -c 'import time; time.sleep(600)' {mark} & echo done")
    assert said(outcome) == "done"
    assert time.monotonic() - began < 30
    assert living(mark) == []


async def test_a_cancelled_task_takes_its_program_along(mark: str) -> None:
    task = asyncio.ensure_future(python(HIDE + "\nimport time; time.sleep(600)", mark))
    await asyncio.to_thread(until_there, mark)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert living(mark) == []


async def test_a_task_may_be_cancelled_at_any_moment_of_the_start(mark: str) -> None:
    await sandbox_or_skip()
    before = len(os.listdir("/proc/self/fd"))
    for milliseconds in range(0, 60, 3):
        task = asyncio.ensure_future(run(PYTHON, "-c", "import time; time.sleep(600)", mark))
        await asyncio.sleep(milliseconds / 1000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert until_gone(mark) == []
    assert len(os.listdir("/proc/self/fd")) == before


async def test_many_run_at_once_and_leave_no_descriptor_open() -> None:
    await run("true")
    before = len(os.listdir("/proc/self/fd"))
    outcomes = await asyncio.gather(*(run("/bin/sh", "-c", f"echo {number}; sleep 0.1") for number in range(20)))
    assert [said(outcome) for outcome in outcomes] == [str(number) for number in range(20)]
    assert len(os.listdir("/proc/self/fd")) == before


async def test_the_loop_goes_on_while_a_program_starts_works_and_floods() -> None:
    await run("true")
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - began)

    ticking = asyncio.ensure_future(tick())
    await run("/bin/sh", "-c", "head -c 200000000 /dev/zero; sleep 0.2", limits=limits(output_bytes=10))
    ticking.cancel()
    assert longest < 1.0  # a busy machine; by itself it is some milliseconds


WORKER = """
import asyncio, sys
from agents.sandbox import Job, execute
code = 'import time; time.sleep(600)'
asyncio.run(execute(Job(["/usr/bin/python3", "-c", code, sys.argv[1]]), unsandboxed_allowed=sys.argv[2] == "bare"))
"""


@pytest.mark.parametrize("kind", ["boxed", "bare"])
async def test_a_worker_that_is_killed_takes_its_programs_along(kind: str, mark: str) -> None:
    await sandbox_or_skip()
    path = os.environ["PATH"] if kind == "boxed" else "/nonexistent"
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, mark, kind, env=os.environ | {"PATH": path})
    try:
        await asyncio.to_thread(until_there, mark, but=worker.pid)
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    assert until_gone(mark) == []


async def test_it_works_for_a_worker_that_is_no_root() -> None:
    """As an ordinary user of the machine, with the same limits and the same end. Who runs the tests as one has shown it already."""
    await sandbox_or_skip()
    if os.geteuid() != 0:
        assert (await execute(Job(["true"]), unsandboxed_allowed=False)).sandboxed
        return
    code = """
import asyncio, concurrent.futures.thread, os
from agents.sandbox import Job, Limits, execute
os.setgroups([]); os.setgid(23456); os.setuid(23456)
async def main():
    outcome = await execute(Job(["/bin/sh", "-c", "cat in > out; id -u"], files={"in": "x"}), unsandboxed_allowed=False)
    print(outcome.ended, outcome.stdout.strip(), outcome.stderr, dict(outcome.files), outcome.sandboxed)
    fork = "import os, time\\ntry:\\n  while True:\\n    if not os.fork(): time.sleep(600)\\nexcept OSError: time.sleep(600)"
    print((await execute(Job(["/usr/bin/python3", "-c", fork], limits=Limits(processes=30)), unsandboxed_allowed=False)).ended)
    hold = "held = []\\nwhile True: held.append(b'x' * 1048576)"
    limits = Limits(memory_bytes=100 << 20)
    print((await execute(Job(["/usr/bin/python3", "-c", hold], limits=limits), unsandboxed_allowed=False)).ended)
asyncio.run(main())
"""
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, complaint = await worker.communicate()
    assert said.decode().split("\n")[:3] == ["exited 1000  {'in': b'x', 'out': b'x'} True", "process_limit", "memory_limit"], complaint
