"""`evalhub web`: pages, API, event streams and WebSockets in this process, served by daphne."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import typer

from evalhub.cli.address import Address, address_free, answer_to
from evalhub.cli.errors import FAILED, CommandError
from evalhub.cli.installation import django_start, require_current
from evalhub.cli.parent import die_with_supervisor
from evalhub.common.descriptors import descriptors_raise

STOP_WITHIN_S = 2.0


def web(*, host: str, port: int, data_dir: Path | None) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    die_with_supervisor()
    address = address_free(host, port)
    warning = answer_to(address)
    django_start(data_dir)
    descriptors_raise()
    require_current()
    _close_database()
    if warning:
        typer.echo(warning, err=True)
    _serve(address)


def _close_database() -> None:
    """The check's connection belongs to this thread, which never asks the database again."""
    from django.db import connections

    connections.close_all()


def _serve(address: Address) -> None:
    # Before the application: importing daphne's server installs the event loop that everything else must find.
    from evalhub.cli.paced import PacedServer  # isort: skip
    from daphne.endpoints import build_endpoint_description_strings

    from evalhub.asgi import application

    server = PacedServer(
        application,
        endpoints=build_endpoint_description_strings(host=address.host, port=address.port),
        server_name="EvalHub",
        application_close_timeout=5,
    )
    _when_running(lambda: typer.echo(f"EvalHub answers at {address.url}"))
    server.run()
    if not server.listening_addresses:
        raise CommandError(f"Port {address.port} on {address.host} is taken.", FAILED)


def _when_running(say: Callable[[], None]) -> None:
    """Say so once signals are heard; and leave within two seconds of one, whatever an open stream or a slow view still does."""
    from twisted.internet import reactor

    timer = threading.Timer(STOP_WITHIN_S, os._exit, [0])
    timer.daemon = True
    reactor.addSystemEventTrigger("before", "shutdown", timer.start)  # type: ignore[arg-type]  # Twisted annotates the name wrongly
    reactor.callWhenRunning(say)
