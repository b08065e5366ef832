"""What a job is given and what is kept of it, by real programs in the sandbox."""

import json

import pytest

from agents.sandbox import WORKDIR, BadJob, Ended, Job, Limits
from tests.support.sandbox import limits, python, run, said


async def test_it_keeps_what_is_printed_and_how_it_ended() -> None:
    outcome = await run("/bin/sh", "-c", "echo out; echo err >&2; exit 3")
    assert (outcome.ended, outcome.exit_code, outcome.signal) == (Ended.EXITED, 3, None)
    assert (outcome.stdout, outcome.stderr) == ("out\n", "err\n")
    assert (outcome.stdout_truncated, outcome.stderr_truncated) == (False, False)
    assert outcome.sandboxed
    assert not outcome.succeeded
    assert outcome.sentence == "The program exited with code 3."


async def test_it_says_how_long_the_program_took() -> None:
    outcome = await run("sleep", "0.3")
    assert 300 <= outcome.latency_ms < 20_000


async def test_a_signal_is_told_from_an_exit_code() -> None:
    outcome = await python("import os; os.kill(os.getpid(), 11)")
    assert (outcome.ended, outcome.exit_code, outcome.signal) == (Ended.SIGNAL, None, 11)
    outcome = await run("/bin/sh", "-c", "exit 255")
    assert (outcome.ended, outcome.exit_code) == (Ended.EXITED, 255)


async def test_a_program_that_is_not_there_ends_as_in_a_shell() -> None:
    outcome = await run("no-such-program", "--help")
    assert outcome.exit_code == 127
    assert "no-such-program: not found" in outcome.stderr


async def test_an_argument_arrives_as_it_is() -> None:
    hostile = "$(id) `id` 'x' \"y\" \\ \n ; & | * ? é 日本"
    assert said(await python("import sys; print(ascii(sys.argv[1:]))", hostile, "", "-c")) == ascii([hostile, "", "-c"])


async def test_it_reads_standard_input_to_its_end() -> None:
    given = b"line\n" * 200_000
    assert said(await python("import sys; print(len(sys.stdin.buffer.read()))", stdin=given)) == str(len(given))
    assert said(await run("/bin/sh", "-c", "cat | wc -c")) == "0"


async def test_standard_input_that_nobody_reads_keeps_nothing_up() -> None:
    assert said(await run("true", stdin=bytes(5_000_000))) == ""


async def test_files_are_put_in_and_what_is_written_comes_back() -> None:
    outcome = await python(
        """
        import os, pathlib
        print(sorted(str(path) for path in pathlib.Path('.').rglob('*')), pathlib.Path('a/b/data').read_bytes())
        pathlib.Path('new/folder').mkdir(parents=True)
        pathlib.Path('new/folder/result.txt').write_text('42')
        pathlib.Path('a/b/data').unlink()
        """,
        files={"a/b/data": b"\x00\xff", "notes.md": "héllo"},
    )
    assert said(outcome) == r"['a', 'a/b', 'a/b/data', 'notes.md'] b'\x00\xff'"
    assert outcome.files == {"new/folder/result.txt": b"42", "notes.md": "héllo".encode()}
    assert outcome.files_left_out == 0


async def test_a_script_may_be_started_and_other_files_not() -> None:
    assert said(await run("./hello", files={"hello": "#!/bin/sh\necho hello"})) == "hello"
    assert (await run("./hello", files={"hello": "echo hello"})).exit_code == 126


async def test_it_starts_in_the_work_folder_which_has_one_name_with_and_without_a_sandbox() -> None:
    outcome = await run("/bin/sh", "-c", f"cd {WORKDIR}; pwd; echo $HOME $TMPDIR; touch $HOME/h $TMPDIR/t w")
    assert said(outcome).split() == ["/box/work", "/box/home", "/tmp"]
    assert list(outcome.files) == ["w"]


async def test_it_sees_the_profiles_variables_and_a_handful_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHUB_SECRET_KEY", "the worker's own")
    outcome = await python(
        "import json, os; print(json.dumps(dict(os.environ)))", env={"API_TOKEN": "t\n=1", "PATH": "/usr/bin", "HOME": "/root"}
    )
    seen = json.loads(said(outcome))
    assert seen.pop("API_TOKEN") == "t\n=1"
    assert seen == {"PATH": "/usr/bin", "HOME": "/box/home", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}


@pytest.mark.parametrize("hosts", [(), ("api.example.com",)])
async def test_variables_of_a_profile_change_nothing_of_what_comes_before_the_job(hosts: tuple[str, ...]) -> None:
    """Its files are put in and its proxy is started before any limit holds; a program of its own must not do it."""
    env = {"PATH": "/box/work", "LD_PRELOAD": "/box/work/evil.so", "LD_LIBRARY_PATH": "/box/work"}
    outcome = await run("/bin/echo", "here", env=env, files={"rm": "#!/bin/sh\n/bin/touch /tmp/was-here\n"}, allowed_hosts=hosts)
    assert (outcome.stdout, outcome.exit_code, sorted(outcome.files)) == ("here\n", 0, ["rm"])
    marked = await run("/bin/ls", "/tmp", env=env, files={"rm": "#!/bin/sh\n/bin/touch /tmp/was-here\n"}, allowed_hosts=hosts)
    assert marked.stdout == ""


async def test_what_puts_the_files_in_runs_no_program_that_a_variable_names() -> None:
    """Before the worker has hold of the folders, a program could put links in their place."""
    options = "--to-command='/bin/rmdir /box/work; /bin/ln -s /etc /box/work'"
    outcome = await run("/bin/sh", "-c", "echo $TAR_OPTIONS; ls", env={"TAR_OPTIONS": options}, files={"a.txt": "a"})
    assert (outcome.stdout, outcome.files) == (f"{options}\na.txt\n", {"a.txt": b"a"})


async def test_nobody_sees_the_variables_in_the_list_of_processes() -> None:
    outcome = await python("print(open('/proc/1/cmdline').read())", env={"API_TOKEN": "hush-hush"})
    assert "hush-hush" not in said(outcome)
    assert "bwrap" in outcome.stdout


async def test_a_program_is_nobody_in_particular() -> None:
    outcome = await python("import os, pwd; print(os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name)")
    assert said(outcome) == "1000 1000 job"


async def test_broken_text_is_shown_as_such() -> None:
    outcome = await run("printf", r"a\377\000b")
    assert outcome.stdout == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


async def test_output_is_kept_up_to_its_limit_on_either_side() -> None:
    outcome = await run("/bin/sh", "-c", "printf 1234567890; printf abcdefgh >&2", limits=limits(output_bytes=8))
    assert (outcome.stdout, outcome.stdout_truncated) == ("12345678", True)
    assert (outcome.stderr, outcome.stderr_truncated) == ("abcdefgh", False)


async def test_files_are_kept_up_to_number_and_size() -> None:
    code = "for n in range(9): open(f'f{n}', 'w').write('x' * (50 if n == 1 else 10))"
    outcome = await python(code, limits=limits(kept_files=3, kept_file_bytes=20))
    assert (list(outcome.files), outcome.files_left_out) == (["f0", "f2", "f3"], 6)
    outcome = await python(code, limits=limits(kept_bytes=25))
    assert (list(outcome.files), outcome.files_left_out) == (["f0", "f2"], 7)


OUTSIDE = ("../x", "a/../../x", "/etc/x", "", ".", "..", "a//b", "./a", "a/", "a\0b")
TREES = ("/", "/root", "/etc", "/proc/1", "/sys/fs", "/dev/shm", "/home/", "/var", "/var/tmp/x", "/run", "/box/work")


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (Job([]), "needs a program"),
        (Job([""]), "needs a program"),
        (Job(["-c"]), "needs a program"),
        (Job(["a", "b\0c"]), "NUL"),
        (Job(["a", "\ud800"]), "surrogate"),
        (Job(["a", "x" * 131_072]), "128 KiB"),
        (Job(["a", *["x" * 130_000] * 9]), "1 MiB"),
        (Job(["a"], env={"A=B": "c"}), "no name of an environment variable"),
        (Job(["a"], env={"A": "\0"}), "NUL"),
        (Job(["a"], env={"SHELLOPTS": "xtrace", "PS4": "$(id)"}), "SHELLOPTS cannot be set"),
        *((Job(["a"], files={name: ""}), "no path inside") for name in OUTSIDE),
        (Job(["a"], files={"x": "", "x/y": ""}), "a file and a folder at once"),
        (Job(["a"], files={"x": bytes(600)}, limits=Limits(disk_bytes=1000)), "larger than 500 bytes"),
        *((Job(["a"], read_only=(path,)), "not for a sandbox") for path in TREES),
        *((Job(["a"], read_only=(path,)), "no absolute path") for path in ("opt/agents", "//", "/opt/../root", "")),
    ],
)
def test_a_job_that_cannot_be_started_is_refused_with_the_reason(job: Job, reason: str) -> None:
    with pytest.raises(BadJob) as refusal:
        job.check()
    assert reason in str(refusal.value)


async def test_it_can_read_a_folder_it_is_shown_and_finds_the_programs_in_it(shown: str) -> None:
    outcome = await run("/bin/sh", "-c", f"tool; cat {shown}/data; touch {shown}/new", read_only=(shown,))
    assert (outcome.stdout, outcome.exit_code) == ("tool ran\nsome data", 1)
    assert "Read-only file system" in outcome.stderr
