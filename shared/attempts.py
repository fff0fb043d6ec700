"""The rows of attempts: each run of a part, with what it brought and how it ended, for the lifecycle that decides."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared.claims import NOTHING_TO_REPORT, AttemptReport, Failure, Held


def close(
    session: Session,
    part_id: UUID,
    attempt: int,
    outcome: str,
    *,
    failure: Failure | None = None,
    report: AttemptReport = NOTHING_TO_REPORT,
) -> None:
    """Write down how an attempt ended, unless that is known already."""
    statement = """
        UPDATE attempts SET ended_at = now(), outcome = :outcome, error_code = :code, error_message = :message,
               exit_code = :exit_code, signal = :signal, peak_rss_mb = :peak_rss_mb, cpu_s = :cpu_s,
               error_page = :error_page
        WHERE part_id = :id AND attempt = :attempt AND ended_at IS NULL"""
    given = {"id": part_id, "attempt": attempt, "outcome": outcome, **error(failure), **vars(report)}
    session.execute(text(statement), given)


def count_pages(session: Session, held: Held, *, more: int) -> None:
    """Count pages that an attempt has recorded."""
    statement = "UPDATE attempts SET pages_done = pages_done + :more WHERE part_id = :id AND attempt = :attempt"
    session.execute(text(statement), {**fence(held), "more": more})


def brought_nothing(session: Session, held: Held) -> bool:
    """Say whether an attempt has recorded no page."""
    statement = "SELECT pages_done = 0 FROM attempts WHERE part_id = :id AND attempt = :attempt"
    return bool(session.execute(text(statement), fence(held)).scalar_one())


def crashes_at(session: Session, part_id: UUID, page: int | None) -> int:
    """Return how many attempts of a part crashed at a page (None: while opening)."""
    statement = """SELECT count(*) FROM attempts
        WHERE part_id = :id AND outcome = 'crashed' AND error_page IS NOT DISTINCT FROM CAST(:page AS integer)"""
    return int(session.execute(text(statement), {"id": part_id, "page": page}).scalar_one())


def died_so_before(session: Session, held: Held, failure: Failure, report: AttemptReport) -> bool:
    """Say whether an earlier attempt died the same death: same code, same page, same signal."""
    statement = """
        SELECT count(*) FROM attempts WHERE part_id = :id AND outcome = 'crashed' AND error_code = :code
        AND error_page IS NOT DISTINCT FROM CAST(:page AS integer)
        AND signal IS NOT DISTINCT FROM CAST(:signal AS integer)"""
    given = {"id": held.part_id, "code": failure.code, "page": report.error_page, "signal": report.signal}
    return bool(session.execute(text(statement), given).scalar_one())


def handed_back(session: Session, held: Held) -> int:
    """Return how often a part was handed back by an attempt that had recorded no page."""
    statement = "SELECT count(*) FROM attempts WHERE part_id = :id AND outcome = 'handed_back' AND pages_done = 0"
    return int(session.execute(text(statement), fence(held)).scalar_one())


def fence(held: Held) -> dict[str, Any]:
    """Return what names an attempt in a statement."""
    return {"id": held.part_id, "attempt": held.attempt}


def error(failure: Failure | None) -> dict[str, str | None]:
    """Return a failure as the columns of parts and attempts have it."""
    return {"code": failure.code, "message": failure.message} if failure else {"code": None, "message": None}
