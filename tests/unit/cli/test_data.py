"""The data directory: its lock, its secrets, its ports and the note of what runs."""

import os
import socket
import stat
from pathlib import Path

import pytest

from cli.up.data import DataDirectory, read_run_note
from cli.up.errors import AlreadyRunning


def test_a_second_holder_is_told_who_has_the_directory(tmp_path: Path) -> None:
    with DataDirectory(tmp_path).lock(), pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}"):
        DataDirectory(tmp_path).lock().__enter__()


def test_the_lock_can_be_taken_again_after_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with DataDirectory(tmp_path).lock():
            pass


def test_a_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    secret = data.secret("key")
    assert len(secret.encode()) >= 32
    assert data.secret("key") == secret
    assert stat.S_IMODE((tmp_path / "key.secret").stat().st_mode) == 0o600


def test_a_port_is_kept_while_it_is_free(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    port = data.port("postgres")
    assert data.port("postgres") == port


def test_a_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    port = data.port("postgres")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert data.port("postgres") not in (0, port)


def test_the_note_lasts_until_it_is_forgotten(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.note_running({"DATABASE_URL": "postgresql://here"})
    assert read_run_note(tmp_path) == {"DATABASE_URL": "postgresql://here"}
    data.forget_running()
    assert read_run_note(tmp_path) == {}


def test_the_note_of_a_process_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"DATABASE_URL": "postgresql://gone", "pid": 2147483646}')
    assert read_run_note(tmp_path) == {}


def test_the_cluster_stays_inside_when_its_account_can_come(tmp_path: Path) -> None:
    assert DataDirectory(tmp_path).cluster(for_other_account=False) == tmp_path / "postgres"
