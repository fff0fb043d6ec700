"""The audit: silent about a healthy database, and for each check about exactly what was broken."""

import pytest
from fastapi.testclient import TestClient

from shared import lifecycle
from shared.audit import CHECKS, Finding, audit_blobs, audit_database
from shared.database import Database
from shared.locks import lock
from shared.models import Document, Job
from shared.settings import Settings
from shared.storage import BlobStore
from tests.breakages import BREAKAGES, LONG_AGO_QUEUED, NOBODY_LATELY
from tests.pdf_files import encrypted_pdf, one_bad_page_pdf, text_pdf
from tests.population import Population
from tests.work import Bench, sign_in, uploaded

OLD_WORKERS = "UPDATE workers SET started_at = now() - interval '1 h'"


def violations(database: Database) -> dict[str, Finding]:
    return {found.check.name: found for found in audit_database(database) if not found.holds}


@pytest.fixture
def population(database: Database) -> Population:
    population = Population(database)
    population.settle()
    return population


def test_jobs_that_ran_for_real_violate_nothing(client: TestClient, bench: Bench, settings: Settings) -> None:
    sign_in(client)
    uploaded(client, text_pdf(2))
    uploaded(client, text_pdf(40))
    uploaded(client, text_pdf(51), pages="2,40-60")
    uploaded(client, text_pdf(51))
    uploaded(client, encrypted_pdf("right"))
    uploaded(client, one_bad_page_pdf(3, bad=2))
    uploaded(client, b"%PDF-1.7\nnot much of a PDF")
    bench.run_all()
    uploaded(client, encrypted_pdf("right"), password="right")
    canceled = uploaded(client, text_pdf(3))["job"]["id"]
    with bench.database.unit_of_work() as session:
        lifecycle.cancel(session, lock(session, Job, canceled))
    bench.run_all()
    uploaded(client, text_pdf(4))
    bench.dispatch()
    uploaded(client, text_pdf(5))
    assert violations(bench.database) == {}
    assert all(found.holds for found in audit_blobs(bench.database, BlobStore(settings.storage)))


def test_a_job_in_every_state_violates_nothing(population: Population) -> None:
    assert violations(population.database) == {}


@pytest.mark.parametrize("broken", BREAKAGES, ids=lambda broken: broken[0])
def test_what_is_broken_is_named_and_nothing_else(population: Population, broken: tuple[str, ...]) -> None:
    name, *statements = broken
    population.break_by(*statements)
    found = violations(population.database)
    assert found.keys() == {name}
    assert found[name].count == len(found[name].ids) > 0


def test_every_check_is_broken_once() -> None:
    assert {name for name, *_ in BREAKAGES} == {check.name for check in CHECKS}


def test_ten_ids_are_shown_and_all_are_counted(population: Population) -> None:
    for number in range(12):
        population.queue(f"queued {number}")
    population.break_by("UPDATE parts SET deadline_at = now() - interval '301 s' WHERE state = 'queued'")
    found = violations(population.database)["deadline"]
    assert (found.count, len(found.ids)) == (13, 10)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE parts SET lease_until = now() - interval '50 s' WHERE state IN ('dispatched', 'running')",
        "UPDATE parts SET run_after = now() - interval '50 s' WHERE state = 'retry_wait'",
        "UPDATE jobs SET cancel_requested_at = now() - interval '50 s' WHERE state = 'running'",
        "UPDATE parts SET deadline_at = now() - interval '50 s' WHERE state = 'queued'",
    ],
)
def test_what_is_due_just_now_violates_nothing(population: Population, statement: str) -> None:
    population.break_by(statement)
    assert violations(population.database) == {}


@pytest.mark.parametrize(
    "excuse",
    [
        "UPDATE attempts SET started_at = now()",
        "UPDATE workers SET slots = 1, started_at = now() - interval '1 h'",
        "UPDATE workers SET started_at = now()",
    ],
    ids=["something began", "no slot is idle", "the worker just came"],
)
def test_a_part_that_waits_its_turn_is_not_stuck(population: Population, excuse: str) -> None:
    population.break_by(
        NOBODY_LATELY, LONG_AGO_QUEUED, "UPDATE workers SET started_at = now() - interval '1 h'", excuse
    )
    assert violations(population.database) == {}


def test_a_long_part_is_not_stuck_when_only_the_reserved_slot_is_idle(population: Population) -> None:
    population.break_by(
        NOBODY_LATELY,
        LONG_AGO_QUEUED,
        "UPDATE workers SET slots = 4, started_at = now() - interval '1 h'",
        "UPDATE parts SET lane = 1, is_brief = false WHERE job_id = {queued}",
        "UPDATE parts SET lane = 1, is_brief = false, state = 'running' WHERE job_id IN ({running}, {failed}, {dead})",
    )
    assert "stuck" not in violations(population.database)


def test_attempts_older_than_they_are_kept_may_be_gone(population: Population) -> None:
    population.break_by(
        "DELETE FROM attempts WHERE part_id IN ({parts of dead})",
        "UPDATE jobs SET finished_at = now() - interval '31 days' WHERE id = {dead}",
    )
    assert violations(population.database) == {}


def test_an_answer_whose_document_was_deleted_is_no_lost_job(population: Population) -> None:
    population.execute("DELETE FROM documents WHERE latest_job_id = :id", id=population.jobs["succeeded"])
    assert violations(population.database) == {}


def blob_violations(database: Database, settings: Settings) -> dict[str, list[str]]:
    found = audit_blobs(database, BlobStore(settings.storage))
    return {finding.check.name: finding.ids for finding in found if not finding.holds}


def test_a_lost_file_and_one_of_another_length_are_named(
    client: TestClient, database: Database, settings: Settings
) -> None:
    documents = [uploaded(sign_in(client), text_pdf(1))["id"], uploaded(client, text_pdf(2))["id"]]
    with database.unit_of_work() as session:
        lost, cut = (session.get_one(Document, document).blob_key for document in documents)
    BlobStore(settings.storage).delete(lost)
    (settings.sheaf_data / "blobs" / cut).write_bytes(b"%PDF-")
    assert blob_violations(database, settings) == {"files": sorted(documents)}


def test_a_file_that_nobody_knows_is_named_unless_it_is_to_be_erased(database: Database, settings: Settings) -> None:
    Population(database).settle()
    folder = settings.sheaf_data / "blobs" / "aa"
    folder.mkdir(parents=True)
    (folder / "b").write_bytes(b"known")
    (folder / "stranger").write_bytes(b"unknown")
    assert blob_violations(database, settings)["strangers"] == ["aa/stranger"]
