"""What this installation allows: sizes, times, rates, and how much of its quota an account has used."""

from sqlmodel import Session

from api import admission, rates
from api.accounts.schemas import Limits, Quota
from shared.models import User
from shared.settings import Settings


def limits_of(session: Session, settings: Settings, user: User) -> Limits:
    return Limits(
        max_upload_bytes=settings.max_upload_bytes,
        max_pages=settings.max_pages,
        page_timeout_s=settings.page_timeout_s,
        job_timeout_s=settings.job_timeout_s,
        rates={rule.name: rule.text for rule in rates.RULES} if settings.rate_limits == "on" else {},
        quota=_quota(session, settings, user),
    )


def _quota(session: Session, settings: Settings, user: User) -> Quota:
    owner = admission.owner_of(user)
    open_limit = admission.open_jobs_limit(owner, settings)
    return Quota(
        storage=user.storage_quota,
        storage_used=user.storage_used,
        pages_per_day=user.pages_per_day,
        pages_last_day=admission.pages_of_last_day(session, owner).pages,
        open_jobs=open_limit,
        open_jobs_used=admission.count_open_jobs(session, owner, at_most=open_limit),
    )
