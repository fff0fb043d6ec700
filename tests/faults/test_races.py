"""F20: eight clients cancel, retry and delete at random what four slots are working on."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.faults.checker import judge, settle
from tests.faults.conftest import MakeLoad
from tests.faults.load import Load, slow_pdfs, small_pdfs
from tests.faults.stage import Stage
from tests.faults.table import Line
from tests.faults.users import User

JOBS, SLOW, THREADS, ACTIONS = 500, 20, 8, 1200
BEGIN_AT = 60  # Accepted documents; the others are uploaded while the clients are at it.
CANCEL_WITHIN_S = 6
# What the contract allows as an answer to each verb, whatever the others have done to the job meanwhile.
ALLOWED = {"cancel": {200, 202, 404, 409}, "retry": {202, 404, 409}, "delete": {204, 404}}
LEFT_BEHIND = """
    SELECT sum((SELECT count(*) FROM documents d WHERE d.id = gone)
             + (SELECT count(*) FROM jobs WHERE document_id = gone)
             + (SELECT count(*) FROM pages WHERE document_id = gone)) FROM unnest(%s::uuid[]) AS gone"""
SLOWEST_CANCEL = """
    SELECT coalesce(extract(epoch FROM max(finished_at - cancel_requested_at)), 0), count(*)
    FROM jobs j JOIN users u ON u.id = j.owner_id
    WHERE u.email LIKE %s AND j.state = 'canceled' AND j.started_at IS NOT NULL"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@dataclass
class Target:
    """One document of a user, with all its jobs that were answered for."""

    user: User
    document_id: str
    jobs: list[str]


@dataclass
class Mob:
    """Clients that do anything to any document; each draws from its own seed."""

    load: Load
    targets: dict[str, Target] = field(default_factory=dict)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    deleted: set[str] = field(default_factory=set)

    def rage(self, seed: int) -> None:
        draw = random.Random(seed)  # noqa: S311 — Repeatable, not secret.
        for turn in range(ACTIONS // THREADS):
            if turn % 25 == 0:
                self.look_around()
            verb = draw.choices(("cancel", "retry", "delete"), (5, 4, 1))[0]
            self.act(verb, draw.choice(list(self.targets.values())), draw)

    def look_around(self) -> None:
        """Take down the documents that were accepted meanwhile."""
        users = {user.email: user for user in self.load.users}
        for sent in self.load.journal.promises():
            self.targets.setdefault(sent.document_id, Target(users[sent.user], sent.document_id, [sent.job_id]))

    def act(self, verb: str, target: Target, draw: random.Random) -> None:
        if verb == "delete":
            answer = target.user.send("DELETE", f"/documents/{target.document_id}")
        else:
            answer = target.user.send("POST", f"/jobs/{draw.choice(target.jobs)}/{verb}")
        self.answers[verb, answer.status_code] += 1
        if answer.status_code == 204:
            self.deleted.add(target.document_id)
        if verb == "retry" and answer.status_code == 202:
            target.jobs.append(answer.json()["id"])

    def refused(self) -> dict[tuple[str, int], int]:
        return {told: count for told, count in self.answers.items() if told[1] not in ALLOWED[told[0]]}


@pytest.mark.row("F20", "cancel, retry and delete at random, 8 clients on 500 documents")
def test_random_verbs_leave_every_job_in_a_legal_state(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f20")
    mob = Mob(load)
    with load.running(mixed()), ThreadPoolExecutor(THREADS) as pool:
        load.wait_accepted(BEGIN_AT)
        list(pool.map(mob.rage, range(THREADS)))
    settle(on_stage, load.prefix)
    verdict = judge(on_stage, load.prefix, load.journal, erased=mob.deleted)
    line.fill(verdict)
    slowest, running = on_stage.ask(SLOWEST_CANCEL, f"{load.prefix}-%")[0]
    line.add(f"{verdict.states}, {len(mob.deleted)} deleted; {running} started jobs canceled, slowest {slowest:.1f} s")
    assert mob.refused() == {}
    verdict.assert_clean()
    assert slowest <= CANCEL_WITHIN_S
    assert running > 0, "no running job was canceled"
    assert_erased(on_stage, load, mob)


def mixed() -> list[bytes]:
    """Return mostly small files, and among them some that are read for seconds, to be canceled meanwhile."""
    files = small_pdfs(JOBS - SLOW)
    for n, slow in enumerate(slow_pdfs(SLOW, seconds=6)):
        files.insert(n * JOBS // SLOW, slow)
    return files


def assert_erased(stage: Stage, load: Load, mob: Mob) -> None:
    """Of what was deleted nothing is left, and the files of what was not are there."""
    assert mob.deleted, "nothing was deleted"
    assert stage.number(LEFT_BEHIND, list(mob.deleted)) == 0
    kept = {sent.document_id for sent in load.journal.promises()} - mob.deleted
    owned = {key for (key,) in stage.ask("SELECT blob_key FROM documents WHERE id = ANY(%s::uuid[])", list(kept))}
    known = {key for (key,) in stage.ask("SELECT blob_key FROM documents")}
    time.sleep(1)
    stored = {f"{file.parent.name}/{file.name}" for file in (stage.data / "blobs").glob("*/*")}
    assert owned <= stored
    assert stored <= known | {key for (key,) in stage.ask("SELECT key FROM unowned_blobs")}
