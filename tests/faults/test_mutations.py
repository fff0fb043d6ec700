"""Takes the guards away one at a time, in a copy of the tree, and asks that the tests which stand for them go red."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.platforms import ROOT

COPIED = ("api", "cli", "migrations", "shared", "tests", "worker")
FILES = ("pyproject.toml", "sheaf", "Procfile")
RED = 1  # Pytest's exit code for failed tests; that none ran, or none could, has others.
LIFECYCLE = "tests/integration/shared/test_lifecycle.py"
MACHINE = "tests/integration/shared/test_lifecycle_machine.py"
pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


@dataclass(frozen=True)
class Mutation:
    """One guard: where it stands, what stands there without it, and the tests that must notice."""

    guard: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    only: str = ""


MUTATIONS = (
    Mutation(
        "the fence of attempts",
        "shared/lifecycle.py",
        "if job is None or part is None or (part.state, part.attempt) != (PartState.RUNNING, held.attempt):",
        "if job is None or part is None:",
        (LIFECYCLE,),
        only="zombie",
    ),
    Mutation(
        "the reaper of silent workers",
        "shared/recovery.py",
        "p.lease_until < now() AND p.state = 'running'",
        "p.lease_until < now() AND p.state = 'nobody'",
        (LIFECYCLE,),
        only="lost_worker or zombie",
    ),
    Mutation(
        "the primary key that an idempotency key is claimed by",
        "shared/idempotency.py",
        "WHERE idempotency_keys.created_at <= now() - make_interval(hours => :kept)\n        RETURNING",
        "WHERE :kept > 0\n        RETURNING",
        ("tests/integration/api/test_idempotency.py",),
        only="one_does_the_work or works_once",
    ),
    Mutation(
        "the storing of the answer with the work",
        "api/idempotency.py",
        "            _keep(session, held, answer)\n            return answer\n",
        "            return answer\n",
        ("tests/integration/api/test_idempotency.py",),
        only="one_does_the_work or works_once",
    ),
    Mutation(
        "the recovery of messages that nobody took",
        "shared/recovery.py",
        "unclaimed = sum(dispatching.take_back_unclaimed(session, pool) for pool in Pool)",
        "unclaimed = 0 * len(str(session))",
        (LIFECYCLE, MACHINE),
        only="unclaimed or lost_under_steady_load",
    ),
    Mutation(
        "the withdrawal of messages that could not be sent",
        "shared/dispatching.py",
        "UPDATE parts SET state = 'queued', lease_until = NULL WHERE state = 'dispatched' AND id IN (",
        "UPDATE parts SET state = 'queued', lease_until = NULL WHERE false AND id IN (",
        (LIFECYCLE, "tests/integration/worker/test_dispatcher.py"),
    ),
    Mutation(
        "the lock on the job, as writers take it",
        "shared/locks.py",
        'return session.get(model, key, with_for_update={"key_share": True}, populate_existing=True)',
        "return session.get(model, key, populate_existing=True)",
        (MACHINE,),
        only="threads",
    ),
    Mutation(
        "the ownership of a document",
        "api/documents/service.py",
        "return _find(session, Document.id == document_id, (col(Document.owner_id) == user.id) | is_shared)",
        "return _find(session, Document.id == document_id, (col(Document.owner_id) == user.id) | is_shared | True)",
        ("tests/integration/api/test_ownership.py",),
        only="stranger and document_id",
    ),
    Mutation(
        "the ownership of a job",
        "api/jobs/service.py",
        "select(Job).where(Job.id == job_id, Job.owner_id == user.id)",
        "select(Job).where(Job.id == job_id, Job.owner_id != 0)",
        ("tests/integration/api/test_ownership.py",),
        only="stranger and job_id",
    ),
    Mutation(
        "the Origin check of the cookie",
        "api/identity.py",
        '    if cookie and request.scope.get("method") not in SAFE_METHODS:\n        check_origin(request, settings)\n',
        "    if cookie and not SAFE_METHODS:\n        check_origin(request, settings)\n",
        ("tests/integration/api/test_sessions.py", "tests/integration/api/live/test_socket.py"),
        only="foreign_page",
    ),
    Mutation(
        "the end of a session whose refresh token is used again",
        "api/accounts/sessions.py",
        "if token.spent_at is not None and not _answer_was_lost(session, token, following, caller=caller):",
        "if token.spent_at is not None and not following:",
        ("tests/integration/api/test_accounts.py", "tests/integration/api/test_sessions.py"),
        only="reuse_ends_the_session or stolen",
    ),
    Mutation(
        "the list of algorithms of access tokens",
        "api/access_tokens.py",
        "algorithms=[ALGORITHM],",
        'algorithms=[ALGORITHM, "HS384"],',
        ("tests/integration/api/test_accounts.py",),
        only="forged",
    ),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guard)
def test_without_this_guard_its_tests_are_red(tmp_path: Path, mutation: Mutation) -> None:
    copy_tree(tmp_path)
    mutate(tmp_path / mutation.file, mutation)
    found = run(tmp_path, mutation)
    assert found.returncode == RED, found.stdout[-2000:] + found.stderr[-2000:]


def copy_tree(target: Path) -> None:
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, target / name)


def mutate(file: Path, mutation: Mutation) -> None:
    """Take the guard away; one that is not where it was said to be fails loudly."""
    text = file.read_text()
    assert text.count(mutation.before) == 1, f"{mutation.guard} does not stand in {mutation.file} any more"
    file.write_text(text.replace(mutation.before, mutation.after))


def run(tree: Path, mutation: Mutation) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:randomly", "--faults", "--tb=line"]
    chosen = ["-k", mutation.only] if mutation.only else ["-m", "not faults"]
    environment = {**os.environ, "PYTHONPATH": str(tree), "FAULTS_TRIALS": "1"}
    return subprocess.run(
        [*command, *mutation.tests, *chosen],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
