"""The record of what administrators did, written in the transaction that does it."""

from typing import Any

import structlog
from sqlmodel import Session

from shared.models import AdminAction, Deed, User

log = structlog.get_logger(__name__)


def record(
    session: Session,
    deed: Deed,
    *,
    admin: User | None,
    target: str,
    account_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Add a row, with the id of the request that is being served; the log says the same."""
    action = AdminAction(
        deed=deed,
        admin_id=admin.id if admin else None,
        account_id=account_id,
        target=target,
        details=details or {},
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
    session.add(action)
    log.info("administrator acted", deed=deed, admin=action.admin_id, account=account_id, target=target)
