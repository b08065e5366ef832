"""Connections that write at once, on real sockets: what goes now, what waits, and in which order it arrives."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import Protocol

from evalhub.cli.prompt import MOST_UNSENT, PromptConnection

PART = b"0123456789abcdef" * 4096


class Reactor:
    """Notes what a reactor would be asked to listen for; `turn` is a pass over those who wait to write."""

    def __init__(self) -> None:
        self.writers: list[Any] = []

    def addReader(self, reader: Any) -> None: ...

    def removeReader(self, reader: Any) -> None: ...

    def addWriter(self, writer: Any) -> None:
        if writer not in self.writers:
            self.writers.append(writer)

    def removeWriter(self, writer: Any) -> None:
        if writer in self.writers:
            self.writers.remove(writer)

    def turn(self) -> list[Any]:
        return [writer.doWrite() for writer in list(self.writers)]


@pytest.fixture
def pair() -> Iterator[tuple[PromptConnection, Reactor, socket.socket]]:
    near, far = _connected()
    reactor = Reactor()
    with near, far:
        yield PromptConnection(near, Protocol(), ("127.0.0.1", 1), None, 1, reactor), reactor, far


def _connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname())
        near, _ = server.accept()
    near.setblocking(False)
    far.settimeout(5)
    return near, far


Pair = tuple[PromptConnection, Reactor, socket.socket]


def read(far: socket.socket, size: int) -> bytes:
    return far.recv(size, socket.MSG_WAITALL)


def fill(connection: PromptConnection, reactor: Reactor) -> int:
    """Write until the client's silence leaves something waiting. How many bytes."""
    written = 0
    while not reactor.writers:
        connection.write(PART)
        written += len(PART)
    return written


def test_what_the_socket_takes_is_sent_without_a_turn_of_the_event_loop(pair: Pair) -> None:
    connection, reactor, far = pair
    connection.write(b"one ")
    connection.writeSequence([b"two ", b"three"])
    assert read(far, 13) == b"one two three"
    assert reactor.writers == []


def test_what_does_not_fit_waits_and_what_comes_later_does_not_overtake_it(pair: Pair) -> None:
    connection, reactor, far = pair
    written = fill(connection, reactor)
    connection.write(b"the end")
    received = bytearray()
    while len(received) < written + 7:
        received += far.recv(1024 * 1024)
        reactor.turn()
    assert bytes(received) == PART * (written // len(PART)) + b"the end"
    assert reactor.writers == []


def test_a_client_that_reads_nothing_soon_fills_its_socket(pair: Pair) -> None:
    connection, reactor, far = pair
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    room = far.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert fill(connection, reactor) < 4 * (MOST_UNSENT + room) + 2 * len(PART)


def test_a_lost_connection_is_found_by_the_event_loop_and_not_by_the_writer(pair: Pair) -> None:
    connection, reactor, far = pair
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # close by reset
    far.close()
    connection.write(b"to nobody")
    assert reactor.writers == [connection]
    assert isinstance(reactor.turn()[0], Exception)
