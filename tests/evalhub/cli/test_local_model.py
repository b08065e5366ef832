"""`evalhub model-server` where it cannot serve."""

import socket
from pathlib import Path

import pytest

from tests.evalhub.cli.conftest import Command


def test_a_model_file_that_is_not_there_is_one_sentence(command: Command, tmp_path: Path) -> None:
    ended = command("model-server", "--gguf", str(tmp_path / "none.gguf"))
    assert ended.code == 2
    assert ended.err == f"evalhub: There is no model file at {tmp_path / 'none.gguf'}.\n"


def test_a_taken_port_is_one_sentence(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="needs the extra evalhub[local]")
    (tmp_path / "model.gguf").write_bytes(b"")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = command("model-server", "--gguf", str(tmp_path / "model.gguf"), "--port", str(taken.getsockname()[1]))
    assert ended.code == 2
    assert "Choose another with --port." in ended.err
