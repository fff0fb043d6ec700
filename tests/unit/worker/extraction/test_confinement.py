"""A child sees one PDF and nothing else of this machine, asked from inside."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pdfminer
import pytest

from worker.extraction.sandbox import ROOT, Sandbox

Ask = Callable[..., Any]


@pytest.fixture
def ask(probing: Sandbox, no_blob: Callable[[], int]) -> Ask:
    def ask(probe: str, given: object = None) -> Any:
        child = probing.spawn(no_blob)
        try:
            child.send({"memory_mb": 512, "cpu_s": 7})
            child.send({"probe": probe, "given": given})
            while (frame := child.receive(5)) is None:
                pass
            return frame.header["answer"]
        finally:
            child.end(kill=True)

    return ask


@pytest.fixture
def listening_port() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def needs(probing: Sandbox, layer: str) -> None:
    if layer not in probing.layers:
        pytest.skip(f"this kernel or user does not allow the layer {layer}")


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch, no_blob: Callable[[], int]) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for a child")
    with Sandbox("tests.unit.worker.extraction.probes") as sandbox:
        child = sandbox.spawn(no_blob)
        child.send({"memory_mb": 512, "cpu_s": 7})
        child.send({"probe": "environment"})
        while (frame := child.receive(5)) is None:
            pass
        server = Path(f"/proc/{sandbox.server_pid}/environ").read_bytes()
        child.end(kill=True)
    assert frame.header["answer"] == {}
    assert b"SECRET_KEY" not in server


def test_only_the_pdf_the_channel_and_the_null_device_are_open(ask: Ask) -> None:
    assert ask("descriptors") == [0, 1, 2]


def test_the_child_leads_a_session_of_its_own_below_the_server(ask: Ask, probing: Sandbox) -> None:
    identity = ask("identity")
    assert identity["is_session_leader"]
    assert identity["parent"] == probing.server_pid


def test_the_limits_are_set(ask: Ask) -> None:
    assert ask("limits") == {"AS": 512 * 2**20, "CPU": 7, "FSIZE": 0, "NOFILE": 64, "CORE": 0}


def test_a_file_cannot_be_written(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "written"
    assert ask("write", str(path)) in {"EACCES", "EFBIG"}
    assert not path.exists() or path.read_bytes() == b""


def test_nothing_answers_on_the_network(ask: Ask, probing: Sandbox, listening_port: int) -> None:
    needs(probing, "network")
    socket.create_connection(("127.0.0.1", listening_port)).close()
    assert ask("connect", listening_port) in {"ENETUNREACH", "EACCES"}
    assert ask("send_datagram", listening_port) == "ENETUNREACH"  # Landlock refuses TCP only.


@pytest.mark.parametrize("path", ["/etc/hostname", "/proc/self/environ", str(ROOT / "pyproject.toml")])
def test_files_of_the_machine_and_of_the_checkout_are_out_of_reach(ask: Ask, probing: Sandbox, path: str) -> None:
    needs(probing, "landlock")
    assert Path(path).exists()
    assert ask("read", path) == "EACCES"


def test_the_libraries_stay_readable(ask: Ask) -> None:
    maps = sorted((Path(pdfminer.__file__).parent / "cmap").iterdir())  # Read when a page first needs one.
    for path in (maps[0], Path(os.__file__)):
        assert ask("read", str(path)) == "done"


def test_the_server_cannot_be_signalled(ask: Ask, probing: Sandbox) -> None:
    needs(probing, "landlock")
    assert ask("signal_process", probing.server_pid) == "EPERM"


def test_the_child_loads_no_database_and_no_settings(ask: Ask) -> None:
    loaded = {name.split(".")[0] for name in ask("modules")}
    assert "pdfplumber" in loaded
    assert not loaded & {"sqlalchemy", "psycopg", "celery", "pydantic", "fastapi", "starlette"}
