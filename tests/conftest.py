"""What every test can have: real stores, a fresh database, settings, the API, and a runner with a real sandbox."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from fastapi.testclient import TestClient
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from api.app import create_app
from cli.migrate import upgrade
from shared.database import Database
from shared.logs import configure_logging
from shared.settings import Settings
from tests import canaries
from tests.browser import report
from tests.canaries import SECRET_KEY
from tests.faults import table
from tests.s3 import Bucket, running_bucket
from tests.stores import start_stores
from tests.work import Bench, mailer_of
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Sandbox
from worker.presence import Presence
from worker.runner import Runner
from worker.stores import open_blobs

SOAK_ENDS_WITHIN_S = 600
stores = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", action="store_true", help="also run the fault suite; its table comes at the end")
    parser.addoption("--soak", type=float, metavar="MINUTES", help="only run random faults for so long")
    parser.addoption("--pictures", type=Path, metavar="FOLDER", help="keep the browser's pictures of a journey there")
    parser.addoption("--faults-table", type=Path, metavar="FILE", help="also write the table of faults to this file")


def pytest_configure(config: pytest.Config) -> None:
    configure_logging()
    # A shell has what it starts in the background ignore this signal, and so would all that we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.register(report, "javascript")
    if not hasattr(config, "workerinput"):
        start_stores(stores)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stores.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("processes") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(60))
        if item.get_closest_marker("faults") and not (config.getoption("--faults") or config.getoption("--soak")):
            item.add_marker(pytest.mark.skip(reason="a long fault run; add --faults"))
    _choose_soak(config, items)
    items.sort(key=_patience, reverse=True)


def _patience(item: pytest.Item) -> float:
    """Return how long a test may take: none of the long ones starts last, when all other cores are done."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0


def _choose_soak(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --soak run that one test for its time and no other; without it leave it out."""
    minutes = config.getoption("--soak")
    soaks = [item for item in items if item.get_closest_marker("soak")]
    for item in soaks:
        item.add_marker(pytest.mark.timeout(60 * (minutes or 0) + SOAK_ENDS_WITHIN_S))
    chosen = soaks if minutes else [item for item in items if item not in soaks]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the lines that fault tests brought along, and write them to the file that was asked for."""
    outcomes = ("passed", "failed", "skipped", "")  # Empty: the reports of set-ups and tear-downs that went well.
    lines = table.collect(report for outcome in outcomes for report in terminalreporter.getreports(outcome))
    if lines and (config.getoption("--faults") or config.getoption("--soak")):
        terminalreporter.section("faults")
        terminalreporter.write_line(table.as_markdown(lines))
        if file := config.getoption("--faults-table"):
            file.write_text(table.as_markdown(lines) + "\n")


@pytest.fixture(autouse=True)
def no_secret_in_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Search whatever is logged by any test."""
    yield
    ours = [record for record in caplog.get_records("call") if not record.name.startswith("httpx")]
    found = [secret for record in ours for secret in canaries.found_in(record.getMessage())]
    assert not found, f"a secret was logged: {found}"


@pytest.fixture(scope="session")
def admin() -> Iterator[psycopg.Connection]:
    """Connect to the test server itself, to make and drop databases."""
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(admin: psycopg.Connection) -> Iterator[str]:
    """Make the migrated database that each test's own is cloned from."""
    name = f"sheaf_template_{uuid4().hex[:12]}"
    admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    database = Database(_url_of(name))
    upgrade(database.engine)
    database.close()
    yield name
    admin.execute(SQL("DROP DATABASE {}").format(Identifier(name)))


@contextmanager
def fresh_database(admin: psycopg.Connection, template: str) -> Iterator[str]:
    """Clone the migrated database, and give its URL."""
    name = f"sheaf_test_{uuid4().hex[:12]}"
    admin.execute(
        SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(Identifier(name), Identifier(template))
    )
    yield _url_of(name)
    admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def database_url(admin: psycopg.Connection, template: str) -> Iterator[str]:
    with fresh_database(admin, template) as url:
        yield url


@pytest.fixture
def broker_url(worker_id: str) -> str:
    """Give each process of a parallel test run an empty database of its own on the broker."""
    number = int(worker_id.removeprefix("gw")) + 1 if worker_id.startswith("gw") else 0
    url = os.environ["TEST_BROKER_URL"].rsplit("/", 1)[0] + f"/{number}"
    with redis.Redis.from_url(url) as connection:
        connection.flushdb()
    return url


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, broker_url, tmp_path)


def settings_for(database_url: str, broker_url: str, data: Path) -> Settings:
    """Return the settings of tests: small limits, and passwords that are hashed quickly."""
    return Settings(
        _env_file=None,
        database_url=database_url,
        broker_url=broker_url,
        secret_key=SECRET_KEY,
        sheaf_data=data,
        bcrypt_rounds=4,
        max_upload_mb=2,
        max_pages=50,
        page_timeout_s=20,
        sandbox_memory_mb=512,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.start()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Bucket]:
    with running_bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(s3_server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket that this process may use, because its variables say how."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def bench(settings: Settings, sandbox: Sandbox) -> Iterator[Bench]:
    """A worker's inside without its broker: what is queued can be run here and now."""
    with bench_for(settings, sandbox) as bench:
        yield bench


@contextmanager
def bench_for(settings: Settings, sandbox: Sandbox) -> Iterator[Bench]:
    database = Database(settings.database_url)
    presence = Presence(database, slots=2)
    presence.worker_id = "bench/1"
    runner = Runner(
        database,
        open_blobs(settings),
        sandbox,
        limits=Limits.from_settings(settings),
        key=settings.secret_key,
        presence=presence,
    )
    yield Bench(database, runner, presence, mailer_of(database, presence, settings))
    database.close()


def _url_of(database: str) -> str:
    url = make_url(os.environ["TEST_DATABASE_URL"]).set(drivername="postgresql+psycopg", database=database)
    return url.render_as_string(hide_password=False)
