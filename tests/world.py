"""A small world of documents, jobs and workers whose every move somebody else chooses, and what must hold in it.

The moves are those of `shared/lifecycle.py` and `shared/erasure.py`, called as the API, the dispatcher and the workers
call them; messages come doubled, late and stale, and workers that lost their claim go on as zombies.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared import dispatching, erasure, lifecycle, page_ranges, recovery, workers
from shared.broker import Lane, lanes_of
from shared.claims import AttemptReport, Claim, Doorbell, Failure, Opening
from shared.database import Database
from shared.fairness import Turns
from shared.lifecycle import CancelRequested, FencedOut
from shared.locks import find_and_lock
from shared.models import Document, Job, JobState, Part, PartState, Pool, User
from shared.models.states import JOB_MOVES, PART_MOVES
from shared.page_content import FailedPage, ReadPage
from shared.splitting import PART_PAGES

SLOTS = 3
OWNERS = 2
LENGTHS = (1, 3, 20, 40)  # In pages; more than 16 make several parts.
FAILURES = (Failure("sandbox_crashed", "It died."), Failure("internal_error", "Odd."))
FEW = 4
DRAIN_ROUNDS = 100
OPEN_PART = "('queued', 'dispatched', 'running', 'retry_wait')"
DONE_JOB = "('succeeded', 'partial', 'failed', 'canceled')"
# Each of these finds what must not be there.
FAULTS = {
    "a job is done when no part of it is open, and only then": f"""
        SELECT j.id, j.state FROM jobs j WHERE (j.state IN {DONE_JOB})
        = EXISTS (SELECT 1 FROM parts p WHERE p.job_id = j.id AND p.state IN {OPEN_PART})""",  # noqa: S608 — Our own text.
    "a running part has one open attempt, any other has none": """
        SELECT p.id, p.state, count(a.attempt) FROM parts p
        LEFT JOIN attempts a ON a.part_id = p.id AND a.ended_at IS NULL
        GROUP BY p.id HAVING count(a.attempt) <> (p.state = 'running')::int""",
    "the open attempt is the one that the part counts": """
        SELECT p.id FROM parts p JOIN attempts a ON a.part_id = p.id
        WHERE a.ended_at IS NULL AND a.attempt <> p.attempt""",
    "every attempt has its row, and an outcome once it has ended": """
        SELECT p.id FROM parts p LEFT JOIN attempts a ON a.part_id = p.id GROUP BY p.id
        HAVING count(a.attempt) <> p.attempt OR bool_or((a.ended_at IS NULL) <> (a.outcome IS NULL))""",
    "no part has more strikes than attempts it may have": "SELECT id FROM parts WHERE strikes > max_attempts",
    "a lease is what dispatched and running parts have, and only they": """
        SELECT id, state FROM parts WHERE (lease_until IS NOT NULL) <> (state IN ('dispatched', 'running'))""",
    "a job has an end when it is done, and only then": f"""
        SELECT id FROM jobs WHERE (finished_at IS NOT NULL) <> (state IN {DONE_JOB})""",  # noqa: S608 — As above.
    "a page belongs to the document of the job that wrote it": """
        SELECT g.number FROM pages g JOIN jobs j ON j.id = g.job_id WHERE g.document_id <> j.document_id""",
    "a succeeded job has all of its pages": """
        SELECT id, pages_done, pages_failed, pages_total FROM jobs
        WHERE state = 'succeeded' AND (pages_failed <> 0 OR pages_done IS DISTINCT FROM pages_total)""",
    "a partial job knows what became of each of its pages": """
        SELECT id, pages_done, pages_failed, pages_total FROM jobs
        WHERE state = 'partial' AND (pages_done = 0 OR pages_done + pages_failed IS DISTINCT FROM pages_total)""",
    "what the attempts of a document's only job recorded is what is stored": """
        SELECT j.id, j.state FROM jobs j WHERE j.state IN ('running', 'succeeded')
        AND (SELECT count(*) FROM jobs o WHERE o.document_id = j.document_id) = 1
        AND ((SELECT coalesce(sum(a.pages_done), 0) FROM attempts a JOIN parts p ON p.id = a.part_id
              WHERE p.job_id = j.id) <> (SELECT count(*) FROM pages g WHERE g.job_id = j.id)
          OR j.pages_done + j.pages_failed <> (SELECT count(*) FROM pages g WHERE g.job_id = j.id))""",
    "the parts of a job share no page": """
        SELECT a.id, b.id FROM parts a JOIN parts b ON a.job_id = b.job_id AND a.id < b.id
        WHERE a.first_page IS NULL OR b.first_page IS NULL
           OR a.first_page <= b.last_page AND b.first_page <= a.last_page""",
    "a document's latest job is one of its own": """
        SELECT d.id FROM documents d WHERE NOT EXISTS (
            SELECT 1 FROM jobs j WHERE j.id = d.latest_job_id AND j.document_id = d.id)""",
    "of an erased document no page is left": "SELECT 1 FROM pages WHERE document_id NOT IN (SELECT id FROM documents)",
}
WATCH = """
    CREATE TABLE moves (kind text, old text, new text);
    CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO moves VALUES (TG_TABLE_NAME, OLD.state, NEW.state); RETURN NULL; END $$;
    CREATE TRIGGER jobs_watched AFTER UPDATE ON jobs FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_move();
    CREATE TRIGGER parts_watched AFTER UPDATE ON parts FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_move()"""


@dataclass
class Held:
    """A claim as its worker has it; `todo` is None until it knows its pages, `opening` what it has yet to record.

    Two threads may write for one claim; both bring the opening until one of them has written it.
    """

    claim: Claim
    todo: list[int] | None = None
    opening: Opening | None = None
    is_told_to_stop: bool = False


class World:
    """Everything that was ever made, promised, said and claimed; `is_alone` when nobody else makes moves meanwhile."""

    def __init__(self, database: Database, *, is_alone: bool = True) -> None:
        """Begin with empty tables, two owners and two workers."""
        self.database = database
        self.is_alone = is_alone
        self.lengths: dict[UUID, int] = {}
        self.bells: list[Doorbell] = []
        self.held: list[Held] = []
        self.boots = {"w/1": uuid4(), "w/2": uuid4()}
        self.do(lambda s: s.execute(text("TRUNCATE users, turns, workers, unowned_blobs, moves CASCADE")))
        self.owners: list[int] = self.do(_make_owners)

    def do(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        with self.database.unit_of_work() as session:
            return work(session, *given, **named)

    # What the API does.

    def accept(self, dice: Random) -> None:
        length = dice.choice(LENGTHS)
        lane = dice.choice(lanes_of(Pool.READERS))
        document = self.do(self._new_document, dice.choice(self.owners), lane, dice.choice((0, 60)))
        self.lengths[document] = length

    def accept_again(self, dice: Random) -> None:
        if document := self._any_document(dice):
            self.do(self._again, document, dice.choice((None, "1", "1-2")))

    def cancel(self, dice: Random) -> None:
        self.do(_cancel, dice.random())

    def erase(self, dice: Random) -> None:
        if document := self._any_document(dice):
            self.do(_erase, document)

    # What the dispatcher does.

    def dispatch(self, _: Random) -> None:
        self.announce()
        self.bells += self.do(dispatching.dispatch, Turns())

    def withdraw(self, dice: Random) -> None:
        self.do(dispatching.withdraw, dice.sample(self.bells, min(2, len(self.bells))))

    def requeue(self, _: Random) -> None:
        self.do(dispatching.requeue_due)

    def reap(self, _: Random) -> None:
        recovery.reap(self.database)

    def expire(self, _: Random) -> None:
        recovery.expire_due(self.database)

    # What workers do.

    def claim(self, dice: Random) -> None:
        """Follow a message: mostly one of the last, sometimes one that was followed long ago."""
        if self.bells:
            some = self.bells[-6:] if dice.random() < 0.8 else self.bells
            self._claim(dice.choice(some), dice.choice(sorted(self.boots)))

    def beat(self, dice: Random) -> None:
        held = dice.sample(self.held, min(4, len(self.held)))
        said = self.do(lifecycle.beat, [each.claim for each in held])
        for each in held:
            each.is_told_to_stop |= said[each.claim] is CancelRequested
            if self.is_alone:
                assert (said[each.claim] is FencedOut) is not self._is_current(each.claim)

    def start(self, dice: Random) -> None:
        if held := self._any_held(dice):
            self._start(held)

    def record(self, dice: Random) -> None:
        held = self._any_held(dice, lambda each: bool(each.todo))
        todo = held.todo if held else None
        if held and todo:
            count = dice.randint(1, len(todo))
            pages = [_page(number, fails=dice.random() < 0.2) for number in todo[:count]]
            self._write(held, lifecycle.record_pages, pages, opening=held.opening)
            held.opening, held.todo = None, todo[count:]

    def succeed(self, dice: Random) -> None:
        """End a part well, with its last pages if there are few."""
        if held := self._any_held(dice, lambda each: each.todo is not None and len(each.todo) <= FEW):
            last = [_page(number, fails=dice.random() < 0.2) for number in held.todo or ()]
            self._write(held, lifecycle.succeed, last=last, opening=held.opening)
            held.opening, held.todo = None, []

    def fail(self, dice: Random) -> None:
        if held := self._any_held(dice):
            self._write(held, lifecycle.fail, Failure("damaged_pdf", "It is damaged."))

    def crash(self, dice: Random) -> None:
        if held := self._any_held(dice):
            report = AttemptReport(signal=dice.choice((6, 11)), error_page=dice.choice((None, 1)))
            self._write(held, lifecycle.retry_later, dice.choice(FAILURES), report)

    def hand_back(self, dice: Random) -> None:
        if held := self._any_held(dice):
            self._write(held, lifecycle.hand_back)

    def confirm_cancel(self, dice: Random) -> None:
        if held := self._any_held(dice, lambda each: each.is_told_to_stop):
            self._write(held, lifecycle.confirm_cancel)

    def restart_worker(self, dice: Random) -> None:
        """Let a worker's next incarnation take back what the earlier one, not known to be dead here, had claimed."""
        name = dice.choice(sorted(self.boots))
        self.boots[name] = uuid4()
        recovery.release_incarnations(self.database, worker_id=name, boot_id=self.boots[name])

    # What time does.

    def let_time_pass(self, dice: Random) -> None:
        """Bring one part's lease, delay or deadline to its end."""
        column = dice.choice(("lease_until", "run_after", "deadline_at"))
        statement = f"""
            UPDATE parts SET {column} = now() - interval '1 s' WHERE id IN (
                SELECT id FROM parts WHERE {column} IS NOT NULL ORDER BY md5(id::text || :salt) LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED)"""  # noqa: S608 — Our own columns.
        self.do(lambda s: s.execute(text(statement), {"salt": str(dice.random())}))

    def announce(self) -> None:
        self.do(workers.register_worker, worker_id="w/1", boot_id=self.boots["w/1"], host="h", pid=1, slots=2 * SLOTS)

    def drain(self) -> None:
        """Let time pass and good workers work until nothing is open; what is stuck is a failure."""
        for _ in range(DRAIN_ROUNDS):
            self.do(_all_time_passes)
            recovery.reap(self.database)
            recovery.expire_due(self.database)
            self.do(dispatching.requeue_due)
            self.announce()
            for bell in self.do(dispatching.dispatch, Turns()):
                self._work(bell)
            if not self.do(lambda s: s.execute(text(f"SELECT 1 FROM parts WHERE state IN {OPEN_PART}")).first()):  # noqa: S608 — Ours.
                return
        raise AssertionError("parts stay open whatever the workers do")

    def check(self) -> None:
        """Ask for everything that must not be there."""
        with self.database.snapshot() as session:
            for sentence, query in FAULTS.items():
                found = session.execute(text(query)).all()
                assert not found, f"{sentence}: {found[:5]}"
            moves = session.execute(text("SELECT DISTINCT kind, old, new FROM moves")).all()
        for kind, old, new in moves:
            allowed = JOB_MOVES[JobState(old)] if kind == "jobs" else PART_MOVES[PartState(old)]
            assert new in allowed, f"{kind} moved from {old} to {new}"

    def _new_document(self, session: Session, owner: int, lane: Lane, deadline_s: int) -> UUID:
        _lock_owner(session, owner)
        document = Document(owner_id=owner, filename="x", size=1, sha256="x", blob_key=str(uuid4()))
        session.add(document)
        session.flush()  # The job's foreign key needs the document's row.
        job = Job(owner_id=owner, document_id=document.id, settings="default")
        lifecycle.accept(session, job, lane=lane, deadline_s=deadline_s or None)
        return document.id

    def _again(self, session: Session, document_id: UUID, ranges: str | None) -> None:
        owner = session.exec(select(Document.owner_id).where(Document.id == document_id)).first()
        if owner is None:
            return
        _lock_owner(session, owner)
        document = session.get(Document, document_id)
        if document is not None:
            job = Job(owner_id=owner, document_id=document.id, settings="default", page_ranges=ranges)
            lifecycle.accept(session, job, lane=Lane.NORMAL)

    def _claim(self, bell: Doorbell, worker: str) -> Held | None:
        claim = self.do(lifecycle.claim, bell.part_id, bell.dispatch_seq, worker_id=worker, boot_id=self.boots[worker])
        if claim is None:
            return None
        self.held.append(Held(claim))
        return self.held[-1]

    def _start(self, held: Held) -> None:
        try:
            if held.claim.missing is not None:
                held.todo = [*held.claim.missing]
            else:
                held.todo = self._open(held, Opening(page_count=self.lengths[held.claim.document_id]))
        except CancelRequested:
            held.is_told_to_stop = True

    def _open(self, held: Held, opening: Opening) -> list[int] | None:
        selected = page_ranges.expand(held.claim.page_ranges, opening.page_count)
        if held.claim.is_untouched and len(selected) <= PART_PAGES:
            held.opening = opening
            return selected
        pages: list[int] | None = self._write(held, lifecycle.start_pages, opening)
        return pages

    def _work(self, bell: Doorbell) -> None:
        held = self._claim(bell, "w/1")
        if held is None:
            return
        self._start(held)
        said = self.do(lifecycle.beat, [held.claim])[held.claim]
        if held.is_told_to_stop or said is CancelRequested:
            self._write(held, lifecycle.confirm_cancel)
        else:
            pages = [_page(number) for number in held.todo or ()]
            self._write(held, lifecycle.record_pages, pages, opening=held.opening)
            self._write(held, lifecycle.succeed)

    def _write(self, held: Held, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Write as this claim's worker; the fence has to hold back zombies, and nobody else."""
        may_write = self._is_current(held.claim) if self.is_alone else None
        try:
            answer = self.do(work, held.claim, *given, **named)
        except FencedOut:
            assert may_write is not True, "the holder of a part was fenced out"
            return None
        assert may_write is not False, "a zombie wrote"
        return answer

    def _is_current(self, claim: Claim) -> bool:
        statement = select(Part.id).where(
            Part.id == claim.part_id, Part.attempt == claim.attempt, Part.state == PartState.RUNNING
        )
        return self.do(lambda s: s.exec(statement).first()) is not None

    def _any_document(self, dice: Random) -> UUID | None:
        return dice.choice(list(self.lengths)) if self.lengths else None

    def _any_held(self, dice: Random, fits: Callable[[Held], bool] = lambda _: True) -> Held | None:
        """Choose a claim, mostly one of the last; the others are zombies by now."""
        fitting = [each for each in list(self.held) if fits(each)]
        return dice.choice(fitting[-6:] if dice.random() < 0.8 else fitting) if fitting else None


Move = Callable[[World, Random], None]
MOVES: Sequence[Move] = (
    World.accept,
    World.accept_again,
    World.cancel,
    World.erase,
    World.dispatch,
    World.withdraw,
    World.requeue,
    World.reap,
    World.expire,
    World.claim,
    World.beat,
    World.start,
    World.record,
    World.succeed,
    World.fail,
    World.crash,
    World.hand_back,
    World.confirm_cancel,
    World.restart_worker,
    World.let_time_pass,
)


def watch(database: Database) -> None:
    """Note every change of a state, so that what must not move is seen even where no trigger refuses it."""
    with database.unit_of_work() as session:
        session.execute(text(WATCH))


def _make_owners(session: Session) -> list[int]:
    owners = [User(email=f"{uuid4()}@example.org", name="x", password_hash="x") for _ in range(OWNERS)]
    session.add_all(owners)
    session.flush()  # Their ids are given by the database.
    return [owner.id or 0 for owner in owners]


def _lock_owner(session: Session, owner: int) -> None:
    session.execute(text("SELECT 1 FROM users WHERE id = :id FOR NO KEY UPDATE"), {"id": owner})


def _cancel(session: Session, chance: float) -> None:
    """Cancel one of the open jobs, as the API does."""
    is_open = col(Job.state).in_([JobState.QUEUED, JobState.RUNNING])
    open_jobs = session.exec(select(Job.id).where(is_open).order_by(col(Job.id))).all()
    if open_jobs:
        job = find_and_lock(session, Job, open_jobs[int(chance * len(open_jobs))])
        if job is not None and not JobState(job.state).done:
            lifecycle.cancel(session, job)


def _erase(session: Session, document_id: UUID) -> None:
    owner = session.exec(select(Document.owner_id).where(Document.id == document_id)).first()
    if owner is not None:
        _lock_owner(session, owner)
        document = session.get(Document, document_id)
        if document is not None:
            erasure.erase_document(session, document)


def _all_time_passes(session: Session) -> None:
    past = "now() - interval '1 s'"
    session.execute(text(f"UPDATE parts SET lease_until = {past} WHERE lease_until IS NOT NULL"))  # noqa: S608 — Ours.
    session.execute(text(f"UPDATE parts SET run_after = {past} WHERE run_after IS NOT NULL"))  # noqa: S608 — Ours.


def _page(number: int, *, fails: bool = False) -> ReadPage | FailedPage:
    if fails:
        return FailedPage(number=number, code="page_error", message="odd")
    content = json.dumps({"text": f"page {number}", "tables": []}).encode()
    return ReadPage(number=number, width=1, height=2, text_layer="full", table_count=0, content=content, words=b"[]")
