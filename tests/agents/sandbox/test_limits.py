"""Programs that take more than they may: each is stopped, by the limit that it passed, and the worker stays as it was."""

import resource
import time

import pytest

from agents.sandbox import Ended, Outcome
from tests.support.sandbox import limits, python, run

MIB = 1 << 20


async def test_a_program_that_sleeps_past_its_time_is_stopped() -> None:
    began = time.monotonic()
    outcome = await run("/bin/sh", "-c", "echo before; sleep 600", limits=limits(wall_s=0.5))
    assert (outcome.ended, outcome.exit_code, outcome.signal, outcome.stdout) == (Ended.TIMEOUT, None, None, "before\n")
    assert outcome.sentence == "The program did not end in time and was stopped."
    assert time.monotonic() - began < 30


async def test_a_program_that_ignores_signals_is_stopped_all_the_same() -> None:
    code = """
        import signal, time
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        time.sleep(600)
    """
    assert (await python(code, limits=limits(wall_s=0.5))).ended == Ended.TIMEOUT


async def test_a_program_that_spins_is_stopped() -> None:
    outcome = await python("while True: pass", limits=limits(cpu_s=1))
    assert outcome.ended == Ended.CPU_LIMIT


async def test_processor_time_of_many_processes_is_added_up() -> None:
    """None of them comes near the limit by itself, and those that are gone count."""
    code = """
        import os, time
        while True:
            if not os.fork():
                until = time.process_time() + 0.2
                while time.process_time() < until: pass
                os._exit(0)
            os.wait()
    """
    assert (await python(code, limits=limits(cpu_s=1))).ended == Ended.CPU_LIMIT


async def test_processor_time_of_children_that_nobody_waits_for_is_added_up() -> None:
    """Whoever ignores their end inherits nothing of their time."""
    code = """
        import os, signal, time
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            if not os.fork():
                until = time.process_time() + 0.3
                while time.process_time() < until: pass
                os._exit(0)
            try: os.wait()  # returns once all are gone, and says nothing of them
            except ChildProcessError: pass
    """
    assert (await python(code, limits=limits(cpu_s=1))).ended == Ended.CPU_LIMIT


async def test_a_program_that_takes_all_memory_is_stopped() -> None:
    code = "held = []\nwhile True: held.append(b'x' * 1048576)"
    outcome = await python(code, limits=limits(memory_bytes=128 * MIB))
    assert outcome.ended == Ended.MEMORY_LIMIT


async def test_a_program_that_asks_for_more_than_there_is_in_one_piece_is_refused() -> None:
    outcome = await python("b'x' * (1 << 30)", limits=limits(memory_bytes=128 * MIB))
    assert outcome.exit_code == 1
    assert "MemoryError" in outcome.stderr


async def test_memory_of_many_processes_is_added_up() -> None:
    code = """
        import os, time
        for _ in range(8):
            if not os.fork():
                held = b'x' * (30 << 20)
                time.sleep(600)
        time.sleep(600)
    """
    assert (await python(code, limits=limits(memory_bytes=128 * MIB))).ended == Ended.MEMORY_LIMIT


async def test_memory_that_processes_share_is_counted_once() -> None:
    code = """
        import os, time
        held = b'x' * (60 << 20)
        for _ in range(5):
            if not os.fork():
                time.sleep(0.6)
                os._exit(0)
        for _ in range(5): os.wait()
        print('done')
    """
    outcome = await python(code, limits=limits(memory_bytes=128 * MIB))
    assert (outcome.ended, outcome.stdout) == (Ended.EXITED, "done\n")


async def test_shared_memory_without_a_name_is_counted() -> None:
    code = """
        import mmap, time
        held = []
        while True:
            held.append(mmap.mmap(-1, 8 << 20))
            held[-1].write(b'x' * (8 << 20))
    """
    assert (await python(code, limits=limits(memory_bytes=128 * MIB))).ended == Ended.MEMORY_LIMIT


async def test_what_the_kernel_holds_to_find_pages_is_counted() -> None:
    """Reading one byte of every two megabytes costs a page of tables each, and none of the program's own."""
    code = """
        import ctypes, time
        libc = ctypes.CDLL(None)
        libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        libc.prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE
        size, step = 100 << 30, 2 << 20
        start = libc.mmap(None, size, 1, 0x4022, -1, 0)  # PROT_READ; MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE
        for place in range(start, start + size, step): ctypes.c_char.from_address(place).value
        time.sleep(600)
    """
    assert (await python(code, limits=limits(memory_bytes=128 * MIB))).ended == Ended.MEMORY_LIMIT


@pytest.mark.parametrize("call", ["os.memfd_create('x')", "libc.shmget(0, 1 << 30, 0o1600)", "libc.msgget(0, 0o1600)"])
async def test_memory_that_no_limit_counts_cannot_be_had(call: str) -> None:
    code = f"""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        result = {call}
        if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    """
    outcome = await python(code)
    assert outcome.exit_code == 1
    assert "Function not implemented" in outcome.stderr


def is_held(outcome: Outcome) -> bool:
    """Stopped for its number of processes; or it gave up first, since the system let it start no more."""
    refusals = ("Cannot fork", "Resource temporarily unavailable", "can't start new thread")
    return outcome.ended == Ended.PROCESS_LIMIT or (not outcome.succeeded and any(refusal in outcome.stderr for refusal in refusals))


async def test_a_fork_bomb_goes_off_in_a_closed_room() -> None:
    outcome = await run("/bin/sh", "-c", "bomb() { bomb | bomb & }; bomb; sleep 600", limits=limits(processes=40, wall_s=20))
    assert is_held(outcome)


async def test_processes_that_run_away_from_their_parents_are_counted() -> None:
    code = """
        import os
        while True:
            try:
                if not os.fork(): os.setsid()
            except OSError: pass
    """
    assert is_held(await python(code, limits=limits(processes=40, wall_s=20)))


async def test_threads_count_as_processes() -> None:
    code = """
        import threading, time
        for _ in range(100):
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        time.sleep(600)
    """
    assert is_held(await python(code, limits=limits(processes=40, wall_s=20)))


async def test_there_are_never_many_more_processes_than_allowed_not_even_for_a_moment() -> None:
    code = """
        import os, time
        made = 0
        try:
            while made < 500:
                if not os.fork(): time.sleep(600)
                made += 1
        except OSError as error:
            print(made, error, flush=True)
        time.sleep(600)
    """
    outcome = await python(code, limits=limits(processes=40, wall_s=20))
    assert outcome.ended == Ended.PROCESS_LIMIT
    if outcome.stdout:  # it may have been stopped before it came that far
        assert int(outcome.stdout.split()[0]) < 60


@pytest.mark.parametrize("folder", ["/box/work", "/box/home", "/tmp", "/dev/shm"])
async def test_a_program_that_fills_its_disk_is_stopped(folder: str) -> None:
    code = f"""
        import itertools
        for number in itertools.count():
            try: open(f'{folder}/{{number}}', 'wb').write(bytes(1 << 20))
            except OSError: pass
    """
    assert (await python(code, limits=limits(disk_bytes=16 * MIB))).ended == Ended.DISK_LIMIT


async def test_one_file_cannot_be_larger_than_the_disk() -> None:
    code = "import os; os.truncate(os.open('big', os.O_CREAT | os.O_RDWR), 1 << 40)"
    outcome = await python(code, limits=limits(disk_bytes=16 * MIB))
    assert not outcome.succeeded
    assert outcome.files == {"big": b""}


async def test_a_gigabyte_of_output_is_cut_and_leaves_no_trace_in_the_worker() -> None:
    await run("true")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = await run("/bin/sh", "-c", "head -c 1073741824 /dev/zero; echo end >&2", limits=limits(output_bytes=1000))
    assert (outcome.ended, outcome.exit_code, outcome.stderr) == (Ended.EXITED, 0, "end\n")
    assert (len(outcome.stdout), outcome.stdout_truncated) == (1000, True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB


async def test_endless_output_ends_with_the_time() -> None:
    outcome = await run("yes", limits=limits(output_bytes=4, wall_s=0.5))
    assert (outcome.ended, outcome.stdout, outcome.stdout_truncated) == (Ended.TIMEOUT, "y\ny\n", True)
