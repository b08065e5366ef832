"""The filter of system calls, read step by step as the kernel does, for machines that the tests do not run on as well."""

import errno
import struct

import pytest

from agents.sandbox.syscalls import MACHINES, program

ALLOWED = 0x7FFF0000


def verdict(filtered: bytes, *, architecture: int, number: int, argument: int = 0) -> int:
    """What the kernel would do with a call: 0 to let it happen, or the error it returns."""
    data = struct.pack("=iIQQ", number, architecture, 0, argument)
    steps = list(struct.iter_unpack("=HBBI", filtered))
    value, at = 0, 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        elif code == 0x06:
            return 0 if operand == ALLOWED else operand & 0xFFFF
        else:
            at += if_true if (value == operand if code == 0x15 else value >= operand) else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_it_refuses_what_is_listed_and_lets_the_rest_happen(machine: str) -> None:
    architecture, socket_call, refused = MACHINES[machine]
    filtered = program(machine)
    results = {number: verdict(filtered, architecture=architecture, number=number) for number in range(500) if number != socket_call}
    assert {number for number, result in results.items() if result} == set(refused)
    assert {results[number] for number in refused} == {errno.ENOSYS}


@pytest.mark.parametrize("machine", MACHINES)
def test_it_lets_sockets_be_opened_that_the_network_namespace_holds(machine: str) -> None:
    architecture, socket_call, _ = MACHINES[machine]
    answers = {family: verdict(program(machine), architecture=architecture, number=socket_call, argument=family) for family in range(46)}
    assert {family for family, answer in answers.items() if answer == 0} == {1, 2, 10, 16}
    assert set(answers.values()) == {0, errno.EAFNOSUPPORT}


@pytest.mark.parametrize("machine", MACHINES)
def test_it_refuses_every_call_in_another_numbering(machine: str) -> None:
    architecture = MACHINES[machine][0]
    assert verdict(program(machine), architecture=0x40000003, number=1) == errno.ENOSYS
    assert verdict(program(machine), architecture=architecture, number=0x40000001) == errno.ENOSYS


def test_a_machine_that_is_not_known_has_none() -> None:
    assert program("riscv64") == b""
