"""Runs inside a sandbox, on whatever Python 3 is there: passes connections to 127.0.0.1 on to the proxy's socket.

Knows nothing of names or rules; those are kept outside, by `agents.sandbox.proxy`. Imports nothing of ours.
"""

import os
import socket
import sys
import threading


def serve(port: int, proxy: str) -> None:
    """Goes into the background once it listens, so that whoever started it may go on."""
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    if os.fork():
        os._exit(0)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=passed_on, args=(client, proxy), daemon=True).start()


def passed_on(client: socket.socket, proxy: str) -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with client, server:
        try:
            server.connect(proxy)
        except OSError:
            return
        back = threading.Thread(target=copied, args=(server, client), daemon=True)
        back.start()
        copied(client, server)
        back.join()


def copied(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
