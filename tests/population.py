"""A database with a job in every state, made by the lifecycle itself, without a sandbox."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import text

from shared import delivery, dispatching, lifecycle, recovery, workers
from shared.broker import Lane
from shared.claims import AttemptReport, Claim, Doorbell, Failure, Opening
from shared.clock import new_id
from shared.database import Database
from shared.emails import Draft, Template, queue_email
from shared.fairness import Turns
from shared.locks import lock
from shared.models import Document, Job, Pool, User
from shared.page_content import FailedPage, ReadPage

CRASH = Failure("sandbox_crashed", "It died.")
BOOT = uuid4()
SLOTS = 20


class Population:
    """Jobs of one user, each moved as far as its name says; ids by that name in `jobs`."""

    def __init__(self, database: Database) -> None:
        """Make the user and announce a worker with idle slots."""
        self.database = database
        self.jobs: dict[str, UUID] = {}
        with database.unit_of_work() as session:
            workers.register_worker(session, worker_id="w/1", boot_id=BOOT, host="h", pid=1, slots=SLOTS)
            workers.register_worker(
                session, worker_id="m/1", boot_id=BOOT, host="h", pid=1, slots=SLOTS, pool=Pool.MAILERS
            )
            user = User(email="ada@example.org", name="Ada", password_hash="")
            session.add(user)
            session.flush()  # Documents need their owner's id.
            self.owner_id = user.id or 0

    def settle(self) -> None:
        """Fill the database with one job of each kind; those that wait come last, so that nothing dispatches them."""
        self.succeed("succeeded", pages=20)
        self.succeed("selected", pages=9, page_ranges="2,4-5,8-12")
        self.succeed("partial", pages=3, failed=(2,))
        self.retry("partial again", of="partial", pages=3)
        self.mail("mailed")
        self.fail("failed")
        self.die("dead")
        self.cancel("canceled")
        self.run("running", pages=3)
        self.crash("crashed")
        self.ring("dispatched")
        self.queue("queued")
        self.keep_answer("an-upload", job="succeeded")
        self.execute("INSERT INTO unowned_blobs (key, erase_after) VALUES ('aa/b', now())")

    def queue(self, name: str, *, page_ranges: str | None = None, of: str | None = None) -> UUID:
        with self.database.unit_of_work() as session:
            key = str(new_id())
            if of:
                document = session.get_one(Document, session.get_one(Job, self.jobs[of]).document_id)
            else:
                document = Document(owner_id=self.owner_id, filename="x", size=7, sha256=key, blob_key=key)
                session.add(document)
                session.flush()  # The job's foreign key needs the document's row.
            job = Job(owner_id=self.owner_id, document_id=document.id, settings="default", page_ranges=page_ranges)
            lifecycle.accept(session, job, lane=Lane.INTERACTIVE)
            self.jobs[name] = job.id
        return self.jobs[name]

    def ring(self, name: str) -> Doorbell:
        self.queue(name)
        return self.dispatch()

    def dispatch(self) -> Doorbell:
        """Dispatch the only part that waits."""
        with self.database.unit_of_work() as session:
            (bell,) = dispatching.dispatch(session, Turns())
        return bell

    def claim(self) -> Claim:
        bell = self.dispatch()
        with self.database.unit_of_work() as session:
            held = lifecycle.claim(session, bell.part_id, bell.dispatch_seq, worker_id="w/1", boot_id=BOOT)
        assert held
        return held

    def run(self, name: str, *, pages: int) -> Claim:
        """Claim a new job and read its first page."""
        self.queue(name)
        held = self.claim()
        with self.database.unit_of_work() as session:
            lifecycle.start_pages(session, held, Opening(page_count=pages))
            lifecycle.record_pages(session, held, [_page(1)])
        return held

    def succeed(self, name: str, *, pages: int, failed: Sequence[int] = (), page_ranges: str | None = None) -> None:
        """Read all pages, those of further parts as well."""
        self.queue(name, page_ranges=page_ranges)
        self._read(pages, failed)

    def retry(self, name: str, *, of: str, pages: int) -> None:
        """Read what an earlier job failed to read."""
        self.queue(name, of=of)
        self._read(pages, ())

    def fail(self, name: str) -> None:
        self.queue(name)
        held = self.claim()
        with self.database.unit_of_work() as session:
            lifecycle.fail(session, held, Failure("password_required", "Give it."))

    def mail(self, name: str) -> None:
        """Send a mail, as far as the database knows."""
        draft = Draft(owner_id=self.owner_id, to="ada@example.org", template=Template.LETTER)
        with self.database.unit_of_work() as session:
            self.jobs[name] = queue_email(session, draft).id
        bell = self.dispatch()
        with self.database.unit_of_work() as session:
            held = delivery.claim(session, bell.part_id, bell.dispatch_seq, worker_id="m/1", boot_id=BOOT)
        assert held
        with self.database.unit_of_work() as session:
            delivery.succeed(session, held, delivery.Reply(250, None, "taken"))

    def die(self, name: str) -> None:
        """Lose the worker three times."""
        self.queue(name)
        for _ in range(3):
            self.claim()
            self.execute("UPDATE parts SET lease_until = now() - interval '1 s' WHERE state = 'running'")
            recovery.reap(self.database)

    def crash(self, name: str) -> None:
        """Let the first attempt crash, so that the part waits for the next one."""
        self.queue(name)
        held = self.claim()
        with self.database.unit_of_work() as session:
            lifecycle.retry_later(session, held, CRASH, AttemptReport(signal=11))

    def cancel(self, name: str) -> None:
        self.queue(name)
        with self.database.unit_of_work() as session:
            lifecycle.cancel(session, lock(session, Job, self.jobs[name]))

    def keep_answer(self, key: str, *, job: str) -> None:
        """Keep the answer to an upload as the API does."""
        self.execute(
            """INSERT INTO idempotency_keys (owner_id, key, fingerprint, status, headers, body, created_at)
               SELECT owner_id, :key, '', 202, jsonb_build_object('Location', '/jobs/' || id),
                      convert_to('{"id":"' || document_id || '","text":"\\u0000","job":{"document_id":"'
                          || document_id || '"}}', 'UTF8'), now()
               FROM jobs WHERE id = :job""",
            key=key,
            job=self.jobs[job],
        )

    def execute(self, statement: str, **given: object) -> None:
        with self.database.unit_of_work() as session:
            session.execute(text(statement), given)

    def break_by(self, *statements: str) -> None:
        """Change rows behind the triggers; `{name}` is a job's id, `{parts of name}` selects those of its parts."""
        names = {name: f"'{key}'" for name, key in self.jobs.items()}
        names |= {f"parts of {name}": f"SELECT id FROM parts WHERE job_id = {key}" for name, key in names.items()}  # noqa: S608 — our own ids.
        with self.database.unit_of_work() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                session.execute(text(statement.format_map(names)))

    def _read(self, page_count: int, failed: Sequence[int]) -> None:
        held = self.claim()
        with self.database.unit_of_work() as session:
            todo = lifecycle.start_pages(session, held, Opening(page_count=page_count))
        self._end(held, todo, failed)
        while self._waits():
            held = self.claim()
            with self.database.unit_of_work() as session:
                todo = lifecycle.missing_pages(session, held)
            self._end(held, todo, failed)

    def _end(self, held: Claim, todo: Sequence[int], failed: Sequence[int]) -> None:
        with self.database.unit_of_work() as session:
            lifecycle.record_pages(session, held, [_failed(n) if n in failed else _page(n) for n in todo])
            lifecycle.succeed(session, held)

    def _waits(self) -> bool:
        with self.database.unit_of_work() as session:
            return bool(session.execute(text("SELECT count(*) FROM parts WHERE state = 'queued'")).scalar_one())


def _page(number: int) -> ReadPage:
    content = b'{"text": "text", "tables": []}'
    return ReadPage(number=number, width=1, height=2, text_layer="full", table_count=0, content=content, words=b"[]")


def _failed(number: int) -> FailedPage:
    return FailedPage(number=number, code="page_timeout", message="Slow.")
