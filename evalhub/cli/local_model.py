"""`evalhub model-server`: what agents.llm.local_server does, with its refusals as sentences."""

from pathlib import Path

from evalhub.cli.address import address_free
from evalhub.cli.errors import CommandError


def serve(*, gguf: Path | None, host: str, port: int) -> None:
    """Serve until Ctrl-C."""
    from agents.llm.errors import LLMError
    from agents.llm.local_server import find_gguf, serve_gguf

    address_free(host, port)
    try:
        serve_gguf(find_gguf(gguf), host, port)
    except (LLMError, ImportError, OSError) as error:
        raise CommandError(str(error)) from None
