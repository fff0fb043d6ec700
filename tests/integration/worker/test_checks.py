"""Pages that the engine read are read again in idle time, and a difference is an alarm."""

from collections.abc import Iterator

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlmodel import col, select

from shared import engine_checks
from shared.models import EngineCheck
from shared.settings import Settings
from shared.storage import BlobStore
from tests.pdf_files import encrypted_pdf, procedure_pdf, text_pdf, untyped_pages_pdf
from tests.work import Bench, sign_in, uploaded
from worker.checks import EngineChecks, WorkCame
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Sandbox


@pytest.fixture
def everything(bench: Bench) -> Iterator[Bench]:
    """A worker that has every page checked."""
    bench.runner.check_share = 1.0
    yield bench
    bench.runner.check_share = 0.0


@pytest.fixture
def checks(bench: Bench, settings: Settings, sandbox: Sandbox) -> EngineChecks:
    return checks_in(sandbox, bench, settings)


def checks_in(sandbox: Sandbox, bench: Bench, settings: Settings) -> EngineChecks:
    limits, key = Limits.from_settings(settings), settings.secret_key
    return EngineChecks(bench.database, BlobStore(settings.storage), sandbox, limits=limits, key=key)


def outcomes(bench: Bench) -> list[str | None]:
    with bench.database.unit_of_work() as session:
        return list(session.exec(select(EngineCheck.outcome).order_by(col(EngineCheck.number))))


def test_pages_that_were_chosen_are_checked_once(client: TestClient, everything: Bench, checks: EngineChecks) -> None:
    uploaded(sign_in(client), text_pdf(2))
    everything.run_all()
    assert outcomes(everything) == [None, None]
    assert [checks.turn(), checks.turn(), checks.turn()] == ["same", "same", None]
    assert outcomes(everything) == ["same", "same"]


@pytest.mark.parametrize(
    ("pdf", "password"), [(encrypted_pdf("right"), "right"), (untyped_pages_pdf(1), "")], ids=["encrypted", "repaired"]
)
def test_a_check_opens_what_the_job_opened(
    client: TestClient, everything: Bench, checks: EngineChecks, pdf: bytes, password: str
) -> None:
    uploaded(sign_in(client), pdf, password=password)
    everything.run_all()
    assert checks.turn() == "same"


def test_a_page_that_the_engine_left_to_pdfplumber_is_not_checked(client: TestClient, everything: Bench) -> None:
    uploaded(sign_in(client), procedure_pdf())
    everything.run_all()
    assert outcomes(everything) == []


def test_a_share_of_pages_is_chosen(client: TestClient, bench: Bench) -> None:
    uploaded(sign_in(client), text_pdf(40))
    bench.runner.check_share = 0.5
    bench.run_all()
    assert 5 < len(outcomes(bench)) < 35


@pytest.mark.parametrize("state", ["queued", "dispatched"])
def test_nothing_is_checked_while_work_waits(
    client: TestClient, everything: Bench, checks: EngineChecks, state: str
) -> None:
    uploaded(sign_in(client), text_pdf(1))
    everything.run_all()
    uploaded(client, text_pdf(2))
    if state == "dispatched":
        everything.dispatch()
    assert checks.turn() is None
    assert outcomes(everything) == [None]


def test_a_check_gives_way_to_work_that_comes(
    client: TestClient, everything: Bench, settings: Settings, sandbox: Sandbox
) -> None:
    class Interrupted(EngineChecks):
        def _give_way(self) -> None:
            raise WorkCame

    uploaded(sign_in(client), text_pdf(1))
    everything.run_all()
    limits, key = Limits.from_settings(settings), settings.secret_key
    interrupted = Interrupted(everything.database, BlobStore(settings.storage), sandbox, limits=limits, key=key)
    assert interrupted.turn() is None
    assert outcomes(everything) == [None]


def test_work_that_comes_is_seen(client: TestClient, checks: EngineChecks) -> None:
    checks._give_way()  # noqa: SLF001 — What the sandbox calls while a check runs.
    uploaded(sign_in(client), text_pdf(1))
    with pytest.raises(WorkCame):
        checks._give_way()  # noqa: SLF001 — As above.


@pytest.mark.parametrize(
    ("misdeed", "outcome"),
    [
        ("words differ", "differs: words"),
        ("odd parts differ", "unclear"),
        ("garbage", "unclear"),
        ("SIGSEGV", "unclear"),
    ],
)
def test_a_difference_is_an_alarm_and_a_lost_child_is_none(
    client: TestClient, everything: Bench, settings: Settings, misdeed: str, outcome: str
) -> None:
    uploaded(sign_in(client), encrypted_pdf(misdeed), password=misdeed)
    everything.run_all()
    with Sandbox("tests.unit.worker.extraction.misbehaviour") as misbehaving, structlog.testing.capture_logs() as logs:
        assert checks_in(misbehaving, everything, settings).turn() == outcome
    alarms = [log["in_what"] for log in logs if log["event"] == "engine differs from pdfplumber"]
    assert alarms == ([["words"]] if outcome.startswith("differs") else [])
    assert outcomes(everything) == [outcome]


def test_a_check_that_ended_with_its_worker_is_not_repeated(
    client: TestClient, everything: Bench, checks: EngineChecks
) -> None:
    uploaded(sign_in(client), text_pdf(1))
    everything.run_all()
    with everything.database.unit_of_work() as session:
        assert engine_checks.take(session) is not None
    assert checks.turn() is None
    assert outcomes(everything) == ["unclear"]


def test_the_checks_of_a_deleted_document_are_gone(client: TestClient, everything: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(1))
    everything.run_all()
    client.delete(f"/documents/{document['id']}")
    assert outcomes(everything) == []


def test_a_document_deleted_in_the_store_is_unclear(
    client: TestClient, everything: Bench, checks: EngineChecks, settings: Settings
) -> None:
    uploaded(sign_in(client), text_pdf(1))
    everything.run_all()
    for path in (settings.sheaf_data / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    assert checks.turn() == "unclear"
