"""`evalhub model-server`: what agents.llm.local_server does, with its refusals as sentences."""

from pathlib import Path

import typer

from evalhub.cli.errors import CommandError


def serve(*, gguf: Path | None, host: str, port: int) -> None:
    """Serve until Ctrl-C."""
    from agents.llm.local_server import LocalModelError, find_gguf, serve_gguf

    try:
        path = find_gguf(gguf)
        serve_gguf(path, host, port, on_ready=lambda address: _say(path, address))
    except LocalModelError as error:
        raise CommandError(str(error)) from None


def _say(path: Path, address: str) -> None:
    typer.echo(f"{path.name} answers at {address}")
    typer.echo(f"Use it: OPENAI_BASE_URL={address} EVALHUB_DEFAULT_MODEL=openai/{path.stem} EVALHUB_MODEL_TIMEOUT=600 evalhub up")
    typer.echo("Ctrl-C stops it.")
