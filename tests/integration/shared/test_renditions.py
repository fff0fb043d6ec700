"""Renditions in the ledger: jobs that make them end like all others, and only who holds the part may keep one."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from shared import dispatching, lifecycle, recovery, renditions, unowned, workers
from shared.audit import audit_database
from shared.broker import RENDER_QUEUE, Lane
from shared.claims import Claim, Doorbell, Failure
from shared.database import Database
from shared.fairness import Turns
from shared.lifecycle import FencedOut
from shared.models import Document, Job, JobKind, JobState, Part, Rendition, User
from shared.renditions import StoredBlob
from shared.unowned import UploadExpired

NAME = "page 1 x2 png"


@pytest.fixture
def document(database: Database) -> UUID:
    """A document that was read."""
    with database.unit_of_work() as session:
        workers.register_worker(session, worker_id="w/1", boot_id=uuid4(), host="here", pid=1, slots=4)
        user = User(email="ada@example.org", name="Ada", password_hash="")
        session.add(user)
        session.flush()
        document = Document(owner_id=user.id or 0, filename="x.pdf", size=1, sha256="", blob_key="ab/x")
        session.add(document)
        session.flush()
        lifecycle.accept(session, job_for(document), lane=Lane.BULK)
        lifecycle.cancel(session, session.exec(select(Job)).one())
        return document.id


def job_for(document: Document, kind: JobKind = JobKind.EXTRACTION, name: str = "settings") -> Job:
    return Job(owner_id=document.owner_id, kind=kind, document_id=document.id, settings=name)


def ask(database: Database, document: UUID, name: str = NAME) -> UUID:
    with database.unit_of_work() as session:
        job = job_for(session.get_one(Document, document), JobKind.RENDERING, name)
        lifecycle.accept(session, job, lane=Lane.INTERACTIVE)
        return job.id


def ring(database: Database) -> Doorbell:
    with database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET state = 'queued' WHERE state = 'retry_wait'"))
        (bell,) = dispatching.dispatch(session, Turns())
        return bell


def hold(database: Database) -> Claim:
    bell = ring(database)
    with database.unit_of_work() as session:
        held = lifecycle.claim(session, bell.part_id, bell.dispatch_seq, worker_id="w/1", boot_id=uuid4())
        assert held is not None
        return held


def finish(session: Session, held: Claim, key: str) -> None:
    lifecycle.succeed(session, held)
    renditions.keep(session, held.document_id, held.settings, blob=StoredBlob(key, 10, "digest"))


def announce(database: Database, key: str) -> None:
    with database.unit_of_work() as session:
        unowned.expect(session, key)


def unowned_keys(database: Database) -> list[str]:
    with database.unit_of_work() as session:
        return list(session.execute(text("SELECT key FROM unowned_blobs ORDER BY key")).scalars())


def kept(database: Database, document: UUID, name: str = NAME) -> Rendition | None:
    with database.unit_of_work() as session:
        return renditions.find(session, document, name)


def state_of(database: Database, job: UUID) -> str:
    with database.unit_of_work() as session:
        return session.get_one(Job, job).state


def lose_worker(database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET lease_until = now() - interval '1 s' WHERE state = 'running'"))
    assert recovery.reap(database) == 1


def test_a_rendering_goes_first_and_through_a_queue_of_its_own(database: Database, document: UUID) -> None:
    with database.unit_of_work() as session:
        lifecycle.accept(session, job_for(session.get_one(Document, document)), lane=Lane.INTERACTIVE)
    ask(database, document)
    with database.unit_of_work() as session:
        first, second = dispatching.dispatch(session, Turns())
    assert (first.queue, second.queue) == (RENDER_QUEUE, "interactive")


def test_what_was_made_is_owned_when_its_part_ends(database: Database, document: UUID) -> None:
    job = ask(database, document)
    held = hold(database)
    announce(database, "ab/picture")
    with database.unit_of_work() as session:
        finish(session, held, "ab/picture")
    found = kept(database, document)
    assert found is not None
    assert (found.blob_key, unowned_keys(database), state_of(database, job)) == ("ab/picture", [], "succeeded")
    assert all(finding.holds for finding in audit_database(database))


def test_a_zombie_keeps_nothing(database: Database, document: UUID) -> None:
    ask(database, document)
    zombie = hold(database)
    lose_worker(database)
    hold(database)
    announce(database, "ab/picture")
    with pytest.raises(FencedOut), database.unit_of_work() as session:
        finish(session, zombie, "ab/picture")
    assert kept(database, document) is None
    assert unowned_keys(database) == ["ab/picture"]


def test_a_blob_that_is_erased_already_is_not_kept(database: Database, document: UUID) -> None:
    job = ask(database, document)
    held = hold(database)
    with pytest.raises(UploadExpired), database.unit_of_work() as session:
        finish(session, held, "ab/never-announced")
    assert state_of(database, job) == JobState.RUNNING


def test_a_picture_that_kills_its_workers_is_given_up_and_remembered(database: Database, document: UUID) -> None:
    job = ask(database, document)
    for _ in range(3):
        assert kept(database, document) is None
        hold(database)
        lose_worker(database)
    found = kept(database, document)
    assert found is not None
    assert (found.error_code, found.blob_key, state_of(database, job)) == ("worker_lost", None, "failed")
    assert all(finding.holds for finding in audit_database(database))


def test_a_picture_that_kills_its_child_twice_is_given_up(database: Database, document: UUID) -> None:
    job = ask(database, document)
    for _ in range(2):
        held = hold(database)
        with database.unit_of_work() as session:
            lifecycle.retry_later(session, held, Failure("sandbox_crashed", "It died."))
    found = kept(database, document)
    assert found is not None
    assert (found.error_code, state_of(database, job)) == ("sandbox_crashed", "failed")


def test_a_canceled_rendering_leaves_no_reason_behind(database: Database, document: UUID) -> None:
    job = ask(database, document)
    with database.unit_of_work() as session:
        lifecycle.cancel(session, session.get_one(Job, job))
    assert (state_of(database, job), kept(database, document)) == ("canceled", None)


def test_a_failure_is_believed_for_ten_minutes(database: Database, document: UUID) -> None:
    with database.unit_of_work() as session:
        renditions.keep_failure(session, document, NAME, failure=Failure("page_not_drawn", "It cannot be drawn."))
    assert kept(database, document) is not None
    with database.unit_of_work() as session:
        session.execute(text("UPDATE renditions SET created_at = now() - interval '11 minutes'"))
    assert kept(database, document) is None


def test_what_is_made_again_gives_the_former_blob_up(database: Database, document: UUID) -> None:
    for key in ("ab/first", "ab/second"):
        ask(database, document)
        held = hold(database)
        announce(database, key)
        with database.unit_of_work() as session:
            finish(session, held, key)
    found = kept(database, document)
    assert found is not None
    assert (found.blob_key, unowned_keys(database)) == ("ab/second", ["ab/first"])


def test_a_rendering_changes_nothing_that_readers_of_the_document_see(database: Database, document: UUID) -> None:
    with database.unit_of_work() as session:
        before = session.get_one(Document, document).model_dump()
    ask(database, document)
    held = hold(database)
    announce(database, "ab/picture")
    with database.unit_of_work() as session:
        finish(session, held, "ab/picture")
    with database.unit_of_work() as session:
        assert session.get_one(Document, document).model_dump() == before
        assert session.exec(select(Part.priority).where(Part.state == "succeeded")).all() == [
            lifecycle.RENDITION_PRIORITY
        ]
