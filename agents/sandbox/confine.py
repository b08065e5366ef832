"""The bubblewrap command around a job: what of this machine is seen inside, and what its processes may not do."""

import fcntl
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agents.sandbox import syscalls
from agents.sandbox.folder import packed
from agents.sandbox.job import Job

# The places that can be written to: file systems in memory, each of limited size, watched together.
BOX, TEMP, SHARED_MEMORY = "/box", "/tmp", "/dev/shm"  # noqa: S108
WRITABLE = (BOX, TEMP, SHARED_MEMORY)
WORK, HOME = f"{BOX}/work", f"{BOX}/home"
ARCHIVE = f"{BOX}/files.tar"
INSIDE_UID = 1000
PROXY_FOLDER, SHIM = "/run/proxy", "/run/shim.py"

SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # links into /usr on most systems
# What programs need of /etc to find libraries, certificates and the time. No users, no keys, no configuration of services.
ETC = (
    "alternatives",
    "ca-certificates.conf",
    "crypto-policies",
    "gai.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
)
MADE_UP_ETC = {
    "passwd": f"job:x:{INSIDE_UID}:{INSIDE_UID}:job:{HOME}:/bin/sh\n",
    "group": f"job:x:{INSIDE_UID}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, and the descriptors that it names and must inherit."""

    argv: list[str]
    descriptors: list[int]


def confined(program: Sequence[str], job: Job, env: dict[str, str], *, bwrap: str, proxy: str, status: int, held: ExitStack) -> Command:
    """`program` inside a sandbox for `job`. `proxy` is the folder of its proxy's socket, or empty. `held` closes what is opened for it.

    The options go through a descriptor and not the command line, where everybody on the machine could read the job's variables.
    """
    data: dict[str, bytes] = {f"/etc/{name}": text.encode() for name, text in MADE_UP_ETC.items()}
    if proxy:
        data[SHIM] = Path(__file__).with_name("shim.py").read_bytes()
    files = {target: sealed(content, held) for target, content in data.items()}
    archive = sealed(packed(job.files), held)
    options = [
        *_walls(status),
        *_system(),
        *_writable(job.limits.disk_bytes, archive),
        *(part for path in job.read_only for part in ("--ro-bind", path, path)),
        *(part for target, descriptor in files.items() for part in ("--ro-bind-data", str(descriptor), target)),
        *(("--ro-bind", proxy, PROXY_FOLDER) if proxy else ()),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK, "--clearenv"),
        *(part for name, value in env.items() for part in ("--setenv", name, value)),
    ]
    descriptors = [archive, status, *files.values()]
    if filtered := syscalls.program():
        descriptors.append(sealed(filtered, held))
        options += ["--seccomp", str(descriptors[-1])]
    descriptors.append(sealed("\0".join(options).encode(), held))
    return Command([bwrap, "--args", str(descriptors[-1]), "--", *program], descriptors)


def _walls(status: int) -> list[str]:
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", str(INSIDE_UID), "--gid", str(INSIDE_UID)),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox", "--json-status-fd", str(status)),
    ]


def _system() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_FOLDERS:
        path = f"/{name}"
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            options += ["--ro-bind", path, path]
    options += ["--proc", "/proc", "--dev", "/dev"]
    for name in ETC:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return options


def _writable(size: int, archive: int) -> list[str]:
    mounts = [part for path in WRITABLE for part in ("--perms", "1777", "--size", str(size), "--tmpfs", path)]
    return [*mounts, "--dir", WORK, "--dir", HOME, "--symlink", TEMP, "/var/tmp", "--file", str(archive), ARCHIVE]  # noqa: S108


def sealed(content: bytes, held: ExitStack) -> int:
    """A descriptor on memory that nobody can change any more, at its beginning."""
    descriptor = os.memfd_create("evalhub", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    held.callback(os.close, descriptor)
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return descriptor
