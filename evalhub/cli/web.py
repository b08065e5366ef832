"""`evalhub web`: pages, API, event streams and WebSockets in this process, served by daphne."""

import asyncio
import contextlib
import gc
import os
import sys
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
KEPT_S = 300
SWITCH_S = 0.001
GARBAGE_THRESHOLD = 50_000


def web(*, host: str, port: int, data_dir: Path | None) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    die_with_supervisor()
    address = address_free(host, port)
    warning = answer_to(address)
    _prefer_uvloop()
    django_start(data_dir)
    descriptors_raise()
    _keep_connections()
    require_current()
    _close_database()
    if warning:
        typer.echo(warning, err=True)
    _serve(address)


def _prefer_uvloop() -> None:
    """Before Django, one of whose apps makes the server's event loop: asyncio's own needs twice the CPU for a thousand open pages."""
    with contextlib.suppress(ImportError):  # not for Windows
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def _keep_connections() -> None:
    """Between requests, on PostgreSQL, where a new one costs milliseconds. Only here: this process never forks, and its threads stay."""
    from django.db import connections

    database = connections.settings["default"]
    if database["ENGINE"].endswith("postgresql"):
        database |= {"CONN_MAX_AGE": KEPT_S, "CONN_HEALTH_CHECKS": True}


def _tune() -> None:
    """For a thousand open pages. Once all modules are loaded."""
    # While the event loop is busy, a thread that asks the database waits this long for its turn at every answer.
    sys.setswitchinterval(SWITCH_S)
    # A collection walks everything that lives, and one event for a thousand sockets meets the default of 700 new objects several times.
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)


def _close_database() -> None:
    """The check's connection belongs to this thread, which never asks the database again."""
    from django.db import connections

    connections.close_all()


def _serve(address: Address) -> None:
    # Before the application: importing daphne's server installs the event loop that everything else must find.
    from evalhub.cli.paced import PacedServer  # isort: skip
    from daphne.endpoints import build_endpoint_description_strings

    from evalhub.asgi import application

    _tune()
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
