"""`./sheaf doctor` finds each fault that is planted, says what to do, and finds nothing wrong where nothing is."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from cli.doctor import broker, exposure, mail, packages, postgres, sandbox, storage
from cli.doctor.command import examine
from cli.doctor.findings import Finding
from shared.database import Database
from shared.settings import Settings
from tests.mail_servers import mail_server
from tests.platforms import ROOT


def faults(findings: Iterable[Finding]) -> dict[str, str]:
    found = [finding for finding in findings if finding.state == "fault"]
    assert all(finding.advice for finding in found)
    return {finding.name: finding.said for finding in found}


def changed(settings: Settings, **values: object) -> Settings:
    return Settings(_env_file=None, **{**settings.model_dump(), **values})


@pytest.mark.processes
def test_a_healthy_installation_has_no_fault(settings: Settings, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "BROKER_URL": settings.broker_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "SHEAF_DATA": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    command = (sys.executable, "-P", "-m", "cli", "doctor", "--json")
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    found = {finding["name"] for finding in answer["findings"] if finding["state"] == "fault"}
    assert found <= {"packages"}  # Whoever develops may have others than the lock file.
    assert done.returncode == int(not answer["ok"])
    assert {"schema", "isolation", "clock", "broker.memory", "storage", "disk"} <= {
        finding["name"] for finding in answer["findings"]
    }


def test_fault_1_a_setting_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    given = {"DATABASE_URL": settings.database_url, "BROKER_URL": settings.broker_url, "SECRET_KEY": "changeme"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert "well-known" in faults(examine(given))["settings"]


def test_fault_2_a_database_that_is_away(settings: Settings) -> None:
    away = changed(settings, database_url="postgresql://sheaf@127.0.0.1:1/sheaf")
    assert "refused" in faults(postgres.look(away))["postgres"]


def test_fault_3_a_schema_that_is_not_migrated(settings: Settings, database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    assert "it is at revision 0009" in faults(postgres.look(settings))["schema"]
    with database.unit_of_work() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "newer than this code" in faults(postgres.look(settings))["schema"]


def test_fault_4_another_isolation(settings: Settings, admin: psycopg.Connection) -> None:
    name = Identifier(settings.database_url.rpartition("/")[2])
    admin.execute(SQL("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'").format(name))
    assert faults(postgres.look(settings)) == {"isolation": "transactions begin as serializable."}


def test_fault_5_a_broker_that_is_away(settings: Settings) -> None:
    assert "broker" in faults(broker.look(changed(settings, broker_url="redis://127.0.0.1:1")))


@pytest.fixture
def evicting(settings: Settings) -> Iterator[None]:
    """A broker that throws keys away once its memory is full, of which it has no bound here."""
    with redis.Redis.from_url(settings.broker_url) as connection:
        connection.config_set("maxmemory-policy", "allkeys-lru")
        yield
        connection.config_set("maxmemory-policy", "noeviction")


@pytest.mark.usefixtures("evicting")
def test_fault_6_a_broker_that_throws_messages_away(settings: Settings) -> None:
    assert "allkeys-lru" in faults(broker.look(settings))["broker.memory"]


def test_fault_7_a_store_that_takes_nothing(settings: Settings) -> None:
    for url in ("file:///proc/sheaf", "file:///proc"):
        assert "storage" in faults(storage.look(changed(settings, storage_url=url)))
    assert not (settings.sheaf_data / "blobs").exists()
    assert faults(storage.look(settings)).keys() <= {"disk"}


def test_fault_8_a_mail_server_that_is_away(settings: Settings) -> None:
    assert "cannot be used" in faults(mail.look(changed(settings, smtp_url="smtp://127.0.0.1:1")))["mail"]


def test_a_mail_server_that_answers_is_no_fault(settings: Settings) -> None:
    with mail_server() as server:
        assert faults(mail.look(changed(settings, smtp_url=server.url))) == {}


def test_fault_9_secrets_that_others_can_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret-key.secret"
    secret.write_text("secret")
    secret.chmod(0o640)
    assert str(secret) in faults(exposure.secret_files([], tmp_path))["secrets"]
    secret.chmod(stat.S_IRUSR)
    assert faults(exposure.secret_files([], tmp_path)) == {}


def test_fault_10_flower_open_to_the_network_or_to_anybody(settings: Settings) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 — the fault that is to be found.
        port = listener.getsockname()[1]
        open_to_all = changed(settings, flower_port=port, flower_basic_auth="sheaf:short")
        found = faults(exposure.look(open_to_all, {"FLOWER_UNAUTHENTICATED_API": "1"}))
    assert {"flower.password", "flower.api"} <= set(found)
    assert "flower" in found or exposure._own_address() is None  # noqa: SLF001 — where there is no network at all.


def test_fault_11_a_clock_that_is_wrong() -> None:
    assert faults([postgres.skew(timedelta(minutes=-2))]) == {
        "clock": "this machine's clock and the database's differ by 120.0 s."
    }
    assert postgres.skew(timedelta(seconds=5)).state == "warning"


def test_fault_12_a_disk_without_room(tmp_path: Path) -> None:
    assert "disk" in faults([storage.room(tmp_path, 2**29)])
    assert storage.room(tmp_path, 2**31).state == "warning"


def test_fault_13_packages_that_were_not_tested(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("pytest==0.1 \\\n    --hash=sha256:00\nno-such-package==1 ; python_version < '3'\nnowhere==2\n")
    said = faults(packages.look(lock))["packages"]
    assert "2 packages" in said
    assert "nowhere missing instead of 2" in said


@pytest.mark.processes
def test_fault_14_a_sandbox_that_does_not_start() -> None:
    assert "sandbox" in faults(sandbox.look((sys.executable, "-c", "raise SystemExit('no such thing')")))


def test_a_layer_that_the_kernel_lacks_is_a_warning() -> None:
    program = (sys.executable, "-c", 'print(\'["network", "uid"]\')')
    assert [finding.state for finding in sandbox.look(program)] == ["ok", "warning", "ok", "warning"]
