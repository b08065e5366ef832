"""The commands and their help. Each function parses and calls; the work is in the module it imports, so that `--help` loads none of it."""

from typing import Annotated

import typer

from evalhub.cli import run_commands
from evalhub.cli.batch_commands import eval_runs
from evalhub.cli.options import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_URL,
    Concurrency,
    DataDir,
    Gguf,
    Host,
    Port,
    Scopes,
    Url,
    WorkerProcesses,
)

app = typer.Typer(
    name="evalhub",
    help="Evaluate conversational AI agents: simulate users, judge transcripts, watch it live.\n\n\b\nStart here:\n  evalhub up",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help is read as well by a screen reader and a log file
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": list[str]()}


@app.command()
def up(
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    data_dir: DataDir = None,
    worker_processes: WorkerProcesses = None,
    concurrency: Concurrency = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Start a demo run when the project has no run yet.")] = True,
) -> None:
    """Run everything: pages, API and a worker.

    Prepares the data folder first. Ctrl-C stops it.

    \b
    Examples:
      evalhub up
      evalhub up --port 0 --data-dir ./data --no-demo
      EVALHUB_ALLOWED_HOSTS=evalhub.example.org evalhub up --host 0.0.0.0
    """
    from evalhub.cli.up import up as start

    start(host=host, port=port, data_dir=data_dir, worker_processes=worker_processes, concurrency=concurrency, demo=demo)


@app.command()
def web(host: Host = DEFAULT_HOST, port: Port = DEFAULT_PORT, data_dir: DataDir = None) -> None:
    """Serve pages and API only, without a worker.

    For a service manager, beside `evalhub worker`.

    \b
    Example:
      evalhub migrate && evalhub web --host 127.0.0.1 --port 8000
    """
    from evalhub.cli.web import web as serve

    serve(host=host, port=port, data_dir=data_dir)


@app.command()
def worker(data_dir: DataDir = None, worker_processes: WorkerProcesses = None, concurrency: Concurrency = None) -> None:
    """Drive runs only, without pages.

    For a service manager, beside `evalhub web`. Under systemd use KillMode=mixed.

    \b
    Example:
      evalhub worker --worker-processes 2 --concurrency 100
    """
    from evalhub.cli.worker import worker as work

    work(data_dir=data_dir, worker_processes=worker_processes, concurrency=concurrency)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to this version.

    Also fills in what every installation has: system templates, the default project, its owner.

    \b
    Example:
      evalhub migrate --data-dir ./data
    """
    from evalhub.cli.installation import django_start, prepare

    django_start(data_dir)
    prepare()


@app.command(context_settings=PASS_ON)
def manage(context: typer.Context) -> None:
    """Run one of Django's own commands.

    With this installation's settings; EVALHUB_DATA_DIR says which.

    \b
    Examples:
      evalhub manage createsuperuser
      evalhub manage check --deploy
    """
    from evalhub.cli.installation import django_start

    django_start()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["evalhub manage", *context.args])


@app.command()
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for, so that you know later which one to revoke.")],
    project: Annotated[str, typer.Option("--project", help="The project the key belongs to.")] = "default",
    scope: Scopes = None,
    data_dir: DataDir = None,
) -> None:
    """Make an API key and print it.

    Prints nothing else. The key is shown this once.

    \b
    Examples:
      evalhub create-key laptop
      export EVALHUB_API_KEY=$(evalhub create-key ci --project default)
      evalhub create-key dashboard --scope read
    """
    from evalhub.cli.people import key_create

    typer.echo(key_create(name=name, project=project, scopes=[*(scope or [])], data_dir=data_dir))


@app.command()
def create_project(
    name: Annotated[str, typer.Argument(help="Letters, digits, hyphens and underscores.")],
    data_dir: DataDir = None,
) -> None:
    """Make a project.

    A project is a wall around agents, templates, runs and keys.

    \b
    Example:
      evalhub create-project support-bot
    """
    from evalhub.cli.people import project_new

    project_new(name=name, data_dir=data_dir)
    typer.echo(f"Made the project {name}. Make a key for it with `evalhub create-key NAME --project {name}`.")


@app.command()
def sign_in_link(
    user: Annotated[str, typer.Option("--user", help="Whom the link signs in.")] = "owner",
    url: Url = DEFAULT_URL,
    data_dir: DataDir = None,
) -> None:
    """Print a fresh sign-in link.

    It is good once and for a day.

    \b
    Examples:
      evalhub sign-in-link
      evalhub sign-in-link --user maria --url https://evalhub.example.org
    """
    from evalhub.cli.people import link_new

    typer.echo(link_new(username=user, url=url, data_dir=data_dir))


for command in (run_commands.run_eval, run_commands.evaluate, run_commands.cancel, run_commands.resume):
    app.command()(command)

app.add_typer(eval_runs, name="eval-runs")


@app.command()
def model_server(
    gguf: Gguf = None,
    host: Host = DEFAULT_HOST,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8081,
) -> None:
    """Serve a small local model.

    As an OpenAI-compatible address; needs the extra evalhub[local].

    \b
    Examples:
      evalhub model-server
      evalhub model-server --gguf ./model.gguf --port 8081
    """
    from evalhub.cli.local_model import serve

    serve(gguf=gguf, host=host, port=port)
