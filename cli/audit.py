"""`sheaf audit`: asks the live database whether the promises of the platform hold, and says what to do where not."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from obstore.exceptions import BaseError
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from cli.operation import join_platform
from shared.audit import Finding, Patience, audit_blobs, audit_database
from shared.database import Database
from shared.settings import Settings, get_settings
from shared.storage import BlobStore, StoreUnavailable

EX_VIOLATED = 1
EX_UNKNOWN = 2


def audit(*, as_json: bool, blobs: bool) -> int:
    """Run the checks and print what each found, or one sentence on why that cannot be found out."""
    if not join_platform():
        return _unknown("Nothing runs here: start `./sheaf up` first, or set DATABASE_URL.")
    settings = get_settings()
    database = Database(settings.database_url, pool_size=1)
    try:
        findings = [_told(found, as_json=as_json) for found in _findings(database, settings, blobs=blobs)]
    except ProgrammingError as error:
        return _unknown(f"The database has another schema, run `./sheaf migrate` first: {_reason(error)}")
    except SQLAlchemyError as error:
        return _unknown(f"The database cannot be audited: {_reason(error)}")
    except (BaseError, OSError, StoreUnavailable) as error:
        return _unknown(f"The blob store at {settings.storage} cannot be read: {error}")
    finally:
        database.close()
    violated = sum(not found.holds for found in findings)
    print(json.dumps(_document(findings), indent=2) if as_json else _summary(len(findings), violated))
    return EX_VIOLATED if violated else 0


def _findings(database: Database, settings: Settings, *, blobs: bool) -> Iterator[Finding]:
    files = audit_blobs(database, BlobStore(settings.storage)) if blobs else ()
    return chain(audit_database(database, Patience(kept_days=settings.retain_attempts_days)), files)


def _told(found: Finding, *, as_json: bool) -> Finding:
    """Print what was found at once, because the next check may take minutes."""
    if not as_json:
        print(_line(found), flush=True)
    return found


def _line(found: Finding) -> str:
    check = found.check
    if found.holds:
        return f"{check.invariant} ok        {check.claim}"
    shown = ", ".join(found.ids) + (", …" if found.count > len(found.ids) else "")
    return (
        f"{check.invariant} VIOLATED  {check.claim}\n"
        f"   what it means: {check.meaning}\n"
        f"   {found.count} {check.subjects}: {shown}\n"
        f"   what to do: {check.advice}"
    )


def _summary(count: int, violated: int) -> str:
    return f"audit: {violated} of {count} checks violated" if violated else f"audit: {count} checks hold"


def _document(findings: Sequence[Finding]) -> dict[str, Any]:
    fields = ("invariant", "name", "claim", "subjects", "meaning", "advice")
    return {
        "ok": all(found.holds for found in findings),
        "checks": [
            {
                **{name: getattr(found.check, name) for name in fields},
                "ok": found.holds,
                "count": found.count,
                "ids": found.ids,
            }
            for found in findings
        ],
    }


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", error)).strip()


def _unknown(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return EX_UNKNOWN
