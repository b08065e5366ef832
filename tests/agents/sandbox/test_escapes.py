"""Attempts to get out: to the network, to files, to other processes, to the kernel's less guarded corners. None may lead anywhere."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import python, run, said

# What a program says when it tries each of them, one line a try.
TRY_TO_CONNECT = """
    import socket, sys
    def attempt(family, address):
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(3)
            try:
                client.connect(address)
                print('CONNECTED', address)
            except OSError as error:
                print(error.strerror or error)
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


async def test_it_reaches_no_server_of_this_machine(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    socket.create_connection(("127.0.0.1", port)).close()  # from here it is there
    addresses = [("127.0.0.1", port), ("169.254.169.254", 80), ("192.0.2.1", 443), *_own_addresses(port)]
    tries = "".join(f"    attempt(socket.AF_INET, {address!r})\n" for address in addresses)
    outcome = await python(TRY_TO_CONNECT + tries)
    assert set(said(outcome).splitlines()) <= {"Connection refused", "Network is unreachable"}


def _own_addresses(port: int) -> list[tuple[str, int]]:
    with open("/proc/net/fib_trie") as table:
        lines = table.read().split("\n")
    found = {above.split()[-1] for above, line in zip(lines, lines[1:], strict=False) if "/32 host LOCAL" in line}
    return [(address, port) for address in sorted(found)]


async def test_it_resolves_no_name() -> None:
    outcome = await python("import socket; socket.getaddrinfo('example.com', 443)")
    assert "gaierror" in outcome.stderr


async def test_it_reaches_no_unix_socket_of_this_machine(open_folder: Path) -> None:
    path, name = open_folder / "socket", f"\0evalhub-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as in_a_folder, socket.socket(socket.AF_UNIX) as without_one:
        in_a_folder.bind(str(path))
        path.chmod(0o777)
        without_one.bind(name)
        in_a_folder.listen()
        without_one.listen()
        addresses = (str(path), name, "/run/docker.sock", "/var/run/docker.sock")
        tries = "".join(f"    attempt(socket.AF_UNIX, {address!r})\n" for address in addresses)
        outcome = await python(TRY_TO_CONNECT + tries)
    assert set(said(outcome).splitlines()) <= {"Connection refused", "No such file or directory"}


@pytest.mark.parametrize("family", ["AF_VSOCK", "AF_PACKET", "AF_ALG"])
async def test_sockets_that_no_network_namespace_holds_cannot_be_opened(family: str) -> None:
    outcome = await python(f"import socket; socket.socket(socket.{family}, socket.SOCK_STREAM)")
    assert "Address family not supported" in outcome.stderr


async def test_there_is_one_network_card_and_it_leads_nowhere() -> None:
    assert said(await python("import socket; print(socket.if_nameindex())")) == "[(1, 'lo')]"


async def test_it_sees_no_file_of_the_installation(tmp_path: Path) -> None:
    data = Path(os.environ["EVALHUB_DATA_DIR"])
    (data / "secret-of-a-test").write_text("hush")
    own = [data, data / "secret-of-a-test", tmp_path, __file__, os.getcwd()]
    paths = [*map(str, own), "/root", "/home", "/etc/shadow", "/etc/ssl/private", "/etc/hostname", "/run", "/sys"]
    outcome = await python("import os, sys\nfor path in sys.argv[1:]: print(os.path.lexists(path))", *paths)
    assert set(said(outcome).splitlines()) == {"False"}


async def test_its_root_holds_the_system_and_nothing_else() -> None:
    seen = set(said(await python("import os; print(*os.listdir('/'))")).split())
    assert seen <= {"bin", "box", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr", "var"}
    assert said(await run("ls", "-A", "/tmp", "/box", "/box/home", "/var")).split() == [
        "/box:",
        "home",
        "work",
        "/box/home:",
        "/tmp:",
        "/var:",
        "tmp",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/usr/x",
        "/usr/bin/python3",
        "/usr/lib/x",
        "/etc/x",
        "/etc/passwd",
        "/etc/ssl/certs/x",
        "/dev/x",
        "/run/x",
        "/var/x",
        "/proc/x",
    ],
)
async def test_it_writes_to_no_part_of_the_system(path: str) -> None:
    outcome = await python("import sys; open(sys.argv[1], 'a')", path)
    assert outcome.exit_code == 1
    assert any(reason in outcome.stderr for reason in ("Read-only file system", "Permission denied", "No such file or directory"))


@pytest.mark.parametrize("path", ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname"])
async def test_it_sets_nothing_of_the_kernels(path: str) -> None:
    before = _read(path)
    outcome = await python("import sys; open(sys.argv[1], 'w').write('-1')", path)
    assert outcome.exit_code == 1
    assert _read(path) == before


def _read(path: str) -> str:
    return Path(path).read_text() if os.access(path, os.R_OK) else ""


async def test_links_it_leaves_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    code = f"""
        import os, socket
        os.symlink('/etc/passwd', 'absolute')
        os.symlink('../../../../../../etc/hostname', 'relative')
        os.symlink({str(tmp_path)!r}, 'folder')
        os.symlink('/', 'root')
        os.symlink('real.txt', 'harmless')
        os.symlink('/proc/self/environ', 'environ')
        os.mkfifo('pipe')
        socket.socket(socket.AF_UNIX).bind('sock')
        open('real.txt', 'w').write('mine')
    """
    outcome = await python(code)
    said(outcome)
    assert outcome.files == {"real.txt": b"mine"}


async def test_a_link_put_in_place_of_its_work_folder_is_not_followed() -> None:
    code = "import os; os.rename('/box/work', '/box/gone'); os.symlink('/etc', '/box/work'); open('/box/gone/mine', 'w').write('x')"
    outcome = await python(code)
    assert set(outcome.files) <= {"mine"}


async def test_unreadable_files_are_left_out_or_read_and_stop_nothing() -> None:
    code = "import os; open('a', 'w').write('x'); os.chmod('a', 0); os.mkdir('d'); open('d/b', 'w'); os.chmod('d', 0); open('c', 'w')"
    outcome = await python(code)
    said(outcome)
    assert "c" in outcome.files


async def test_it_sees_its_own_processes_and_no_other() -> None:
    outcome = await python("import os; print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))")
    assert said(outcome) == "[1, 2]"


async def test_it_can_neither_signal_nor_trace_others() -> None:
    """The numbers of processes outside mean nothing inside, and there is nobody there but its own."""
    code = f"""
        import ctypes, os, signal
        libc = ctypes.CDLL(None, use_errno=True)
        def attempt(call):
            try: call(); print('REACHED')
            except ProcessLookupError: print('nobody')
        for pid in ({os.getpid()}, {os.getppid()}):
            attempt(lambda: os.kill(pid, 0))
            attempt(lambda: os.pidfd_open(pid))
            attempt(lambda: os.sched_getaffinity(pid))
            print('nobody' if libc.ptrace(16, pid, 0, 0) < 0 else 'REACHED')
        attempt(lambda: os.kill(-1, signal.SIGKILL))  # all there are, but for the first and itself
    """
    assert said(await python(code)).split() == ["nobody"] * 9


async def test_it_does_not_end_the_first_process_of_its_room() -> None:
    outcome = await python("import os, time; os.kill(1, 9); time.sleep(0.2); print('still here')")
    assert said(outcome) == "still here"


async def test_it_inherits_no_open_file(tmp_path: Path) -> None:
    """Descriptors of the worker, even ones that were made to be inherited."""
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        outcome = await python("import os; print(sorted(os.listdir('/proc/self/fd')))")
    assert said(outcome) == "['0', '1', '2', '3']"  # the last is the listing's own


async def test_it_has_no_capability_and_gets_none() -> None:
    outcome = await python("print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('Cap', 'NoNewPrivs'))])")
    assert said(outcome) == str(["0000000000000000"] * 5 + ["1"])


@pytest.mark.parametrize("flag", ["0x10000000", "0x00020000", "0x40000000", "0x20000000"])
async def test_it_makes_no_namespace_of_its_own(flag: str) -> None:
    outcome = await python(f"import ctypes; print(ctypes.CDLL(None).unshare({flag}))")
    assert said(outcome) == "-1"


async def test_it_mounts_nothing() -> None:
    code = """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.mount(b'proc', b'/box/work', b'proc', 0, None), libc.mount(None, b'/usr', None, 4096 | 32, None))
        print(libc.umount2(b'/proc', 2), libc.chroot(b'/box'))
    """
    assert said(await python(code)).split() == ["-1"] * 4


async def test_devices_are_those_that_harm_nobody() -> None:
    outcome = await python("import os; print(*sorted(os.listdir('/dev')))")
    expected = "console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert set(said(outcome).split()) <= set(expected.split())
    assert not (await python("import os; os.mknod('disk', 0o60600, os.makedev(254, 0))")).succeeded


async def test_programs_that_lend_roots_rights_do_not() -> None:
    """A set-user-id program runs as whoever started it."""
    outcome = await run("/bin/sh", "-c", "su -c id root </dev/null; mount -t tmpfs none /box/work")
    assert "uid=0" not in outcome.stdout
    assert not outcome.succeeded


async def test_it_has_no_terminal_to_type_into() -> None:
    outcome = await python("open('/dev/tty')")
    assert "No such device or address" in outcome.stderr
