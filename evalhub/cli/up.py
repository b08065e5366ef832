"""`evalhub up`: one foreground process that prepares the data folder and keeps the web part and the worker alive."""

import http.client
import urllib.error
import urllib.request
from pathlib import Path

from rich.console import Console

from evalhub.cli.address import Address, address_free, answer_to, trust_own_machine
from evalhub.cli.child import Child
from evalhub.cli.errors import CommandError
from evalhub.cli.installation import database_errors, django_start, prepare, set_environment
from evalhub.cli.parent import require_fork
from evalhub.cli.supervisor import StopAsked, Supervisor

START_TIMEOUT_S = 60.0
WORKER_STOP_S = 2.0  # who presses Ctrl-C waits for it: what is not committed by then is given back


def up(*, host: str, port: int, data_dir: Path | None, worker_processes: int | None, concurrency: int | None, demo: bool) -> None:
    """Check, migrate, seed, start, and stay until somebody asks to stop."""
    require_fork()
    set_environment(worker_processes=worker_processes, concurrency=concurrency)
    console, errors = Console(soft_wrap=True, highlight=False), Console(soft_wrap=True, highlight=False, stderr=True)
    address = address_free(host, port)
    trust_own_machine(address)
    warning = answer_to(address)
    env = django_start(data_dir)
    folder = env.resolved_data_dir
    set_environment(stop_seconds=min(env.stop_seconds, WORKER_STOP_S))
    console.print(f"Preparing {folder}", markup=False)
    prepare()
    if warning:
        errors.print(warning, style="yellow", markup=False)
    web, worker = _children(address, folder)
    with Supervisor([web, worker], say=lambda line: errors.print(line, markup=False)) as supervisor:
        try:
            _start(supervisor, address, worker)
            _welcome(address, console, demo)
            supervisor.forever()
        except StopAsked:
            console.print("Stopping.")


def _children(address: Address, folder: Path) -> tuple[Child, Child]:
    logs = folder / "logs"
    try:
        logs.mkdir(exist_ok=True)
        web = Child("web", ["--host", address.host, "--port", str(address.port)], logs / "web.log")
        return web, Child("worker", [], logs / "worker.log")
    except OSError as error:
        raise CommandError(f"The logs in {logs} cannot be written: {error.strerror or error}.") from None


def _start(supervisor: Supervisor, address: Address, worker: Child) -> None:
    _close_database()  # the children have their own connections; an idle one here would only hold the file open
    supervisor.start()
    supervisor.until(lambda: _answers(address), START_TIMEOUT_S, "The web part did not start.")
    supervisor.until(worker.said_ready.is_set, START_TIMEOUT_S, "The worker did not start.")


def _answers(address: Address) -> bool:
    """Whether the web part serves. A proxy of the environment has no business between us and our own child."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address.url}/healthz", timeout=2) as response:
            return bool(response.status == http.client.OK)
    except urllib.error.HTTPError as error:
        return error.code == http.client.BAD_REQUEST  # it serves, but EVALHUB_ALLOWED_HOSTS has no name for this machine
    except (OSError, http.client.HTTPException):
        return False


def _welcome(address: Address, console: Console, demo: bool) -> None:
    """The demo run and the demo batch start only now, so that the first pages show them from their beginning."""
    from evalhub.accounts.links import sign_in_path
    from evalhub.demo_batch import demo_batch_ensure
    from evalhub.seed import demo_run_ensure, seed_ensure

    with database_errors():
        seed = seed_ensure()
        run = demo_run_ensure(seed.project) if demo else None
        if run:
            demo_batch_ensure(seed.project)
        link = f"{address.url}{sign_in_path(seed.owner)}" + (f"?next=/runs/{run.id}/" if run else "")
    _close_database()
    console.print(f"\nEvalHub answers at {address.url}", markup=False)
    console.print("Sign in with this link (once, within a day):" if not run else "Sign in with this link (once) and watch the demo run:")
    console.print(link, markup=False, soft_wrap=True)
    console.print("\nCtrl-C stops everything.")


def _close_database() -> None:
    from django.db import connections

    connections.close_all()
