"""`./sheaf audit` as an operator calls it: what it prints and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.audit import CHECKS
from shared.database import Database
from shared.settings import Settings
from tests.platforms import GIVEN_BY_USERS, ROOT
from tests.population import Population

pytestmark = pytest.mark.processes


def audit(settings: Settings, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the test's database, away from the checkout's own `.env`."""
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN_BY_USERS}
    given: Mapping[str, str] = {
        "DATABASE_URL": settings.database_url,
        "BROKER_URL": settings.broker_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "SHEAF_DATA": str(settings.sheaf_data),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, "-m", "cli", "audit", *options],
        cwd=settings.sheaf_data,
        env={**clean, **given, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def population(database: Database) -> Population:
    population = Population(database)
    population.settle()
    return population


@pytest.mark.usefixtures("population")
def test_a_healthy_database_is_said_to_be_so_line_by_line(settings: Settings) -> None:
    done = audit(settings)
    *lines, summary = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == "I1 ok        every open job has an open part"
    assert [line[:5] for line in lines] == [f"{check.invariant} ok" for check in CHECKS]
    assert summary == f"audit: {len(CHECKS)} checks hold"


def test_a_violation_is_named_with_its_meaning_its_ids_and_what_to_do(
    settings: Settings, population: Population
) -> None:
    population.break_by("UPDATE jobs SET finished_at = NULL WHERE id = {failed}")
    done = audit(settings)
    said = done.stdout.partition("I1 VIOLATED  exactly the ended jobs have a time of their end\n")[2].splitlines()
    assert done.returncode == 1
    assert said[0].startswith("   what it means: State and time of these jobs contradict")
    assert said[1] == f"   1 jobs: {population.jobs['failed']}"
    assert said[2].startswith("   what to do: Find out who")
    assert said[-1] == f"audit: 1 of {len(CHECKS)} checks violated"


def test_machines_get_json(settings: Settings, population: Population) -> None:
    population.break_by("UPDATE users SET storage_used = 0")
    done = audit(settings, "--json")
    told = json.loads(done.stdout)
    (violated,) = (check for check in told["checks"] if not check["ok"])
    assert (done.returncode, told["ok"], len(told["checks"])) == (1, False, len(CHECKS))
    assert (violated["invariant"], violated["name"], violated["count"]) == ("I5", "storage-used", 1)


@pytest.mark.usefixtures("population")
def test_the_blob_store_is_looked_at_on_request_only(settings: Settings) -> None:
    done = audit(settings, "--blobs")
    assert done.returncode == 1
    assert "I5 VIOLATED  every document's file is in the blob store" in done.stdout


def test_a_database_out_of_reach_is_neither_right_nor_wrong(settings: Settings) -> None:
    done = audit(settings, DATABASE_URL="postgresql://sheaf@127.0.0.1:1/sheaf")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The database cannot be audited: connection failed")


def test_a_database_of_another_version_asks_for_the_migration(settings: Settings, database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(text("DROP TABLE unowned_blobs"))
    done = audit(settings)
    assert done.returncode == 2
    assert "run `./sheaf migrate` first" in done.stderr


def test_where_nothing_runs_the_next_step_is_named(settings: Settings, tmp_path: Path) -> None:
    done = audit(settings, DATABASE_URL="", SHEAF_DATA=str(tmp_path / "none"))
    assert (done.returncode, done.stderr) == (
        2,
        "Nothing runs here: start `./sheaf up` first, or set DATABASE_URL.\n",
    )
