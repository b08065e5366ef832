"""A seccomp filter: system calls that reach around namespaces and limits. Handed to bubblewrap as a classic BPF program.

The rest is the namespaces' work. What is listed here either holds memory that no limit of a process counts
(memfd, System V shared memory, message queues), is not kept apart by a namespace (vsock, keyrings), or is a part of
the kernel that programs under test have no need of (bpf, io_uring, userfaultfd, perf).
"""

import errno
import platform
import socket
import struct

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
OTHER_ABI = 0x40000000  # x32 calls of x86-64 begin here

# AUDIT_ARCH_…, the number of socket(), and the numbers of the refused calls.
MACHINES = {
    # memfd_create, memfd_secret, shmget, msgget, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd, io_uring_*
    "x86_64": (0xC000003E, 41, (319, 447, 29, 68, 248, 249, 250, 321, 298, 323, 425, 426, 427)),
    "aarch64": (0xC00000B7, 198, (279, 447, 194, 186, 217, 218, 219, 280, 241, 282, 425, 426, 427)),
}
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_NETLINK", 16))


def program(machine: str | None = None) -> bytes:
    """The filter for a machine (`platform.machine()`), as an array of struct sock_filter; empty for one that is not known here."""
    known = MACHINES.get(machine or platform.machine())
    if not known:
        return b""
    architecture, socket_call, refused = known
    no_such_call = _refuse(errno.ENOSYS)
    steps = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, architecture, 1, 0),
        no_such_call,  # a 32-bit program has other numbers, which nobody has listed
        _step(LOAD, NUMBER),
        _step(AT_LEAST, OTHER_ABI, 0, 1),
        no_such_call,
    ]
    for number in refused:
        steps += [_step(EQUAL, number, 0, 1), no_such_call]
    steps += [_step(EQUAL, socket_call, 1, 0), _step(RETURN, ALLOW), _step(LOAD, FIRST_ARGUMENT)]
    for family in FAMILIES:
        steps += [_step(EQUAL, int(family), 0, 1), _step(RETURN, ALLOW)]
    return b"".join([*steps, _refuse(errno.EAFNOSUPPORT)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number: int) -> bytes:
    return _step(RETURN, REFUSE | number)
