"""The rules of administration: accounts are changed so that one who can administer is always left."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, and_, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api.accounts import sessions
from api.accounts.service import matches
from api.admin.schemas import AdminUser, UpdateUser
from shared.accounts import stored_id
from shared.admin_actions import record
from shared.errors import Conflict, NotFound
from shared.models import Deed, Role, User, UserSession

COLUMNS: Mapping[str, str] = {
    "role": "role",
    "active": "is_active",
    "quota": "storage_quota",
    "pages_per_day": "pages_per_day",
    "open_jobs": "open_jobs",
}


class UserNotFound(NotFound):
    """There is no such account."""

    code = "user_not_found"


class LastAdmin(Conflict):
    """This is the last administrator."""

    code = "last_admin"


def all_users(query: str | None) -> SelectOfScalar[User]:
    return select(User).where(matches(query)) if query else select(User)


def user_cards(session: Session, users: Sequence[User]) -> list[AdminUser]:
    last_seen = select(UserSession.user_id, func.max(UserSession.last_used_at)).group_by(col(UserSession.user_id))
    seen = dict(session.exec(last_seen.where(col(UserSession.user_id).in_([user.id for user in users]))).all())
    return [
        AdminUser(
            **user.model_dump(),
            active=user.is_active,
            email_verified=user.email_verified_at is not None,
            quota=user.storage_quota,
            last_seen_at=seen.get(stored_id(user)),
        )
        for user in users
    ]


def update(session: Session, admin: User, *, user_id: int, change: UpdateUser) -> AdminUser:
    """Change an account; switching it off ends its sessions. Raises UserNotFound or LastAdmin."""
    user, is_spare = _locked(session, user_id)
    changed = _apply(user, change)
    if not is_spare and not _administers(user):
        raise LastAdmin("Make somebody else an administrator first.")
    if not user.is_active:
        sessions.end_all(session, user)
    if changed:
        target = f"/admin/users/{user_id}"
        record(session, Deed.ACCOUNT_CHANGED, admin=admin, account_id=user_id, target=target, details=changed)
    session.flush()  # The card shows what was just changed.
    return user_cards(session, [user])[0]


def _apply(user: User, change: UpdateUser) -> dict[str, Any]:
    """Return each field that changes, with its values before and after."""
    changed = {}
    for name in sorted(change.model_fields_set):
        before, after = getattr(user, COLUMNS[name]), getattr(change, name)
        if before != after:
            setattr(user, COLUMNS[name], after)
            changed[name] = [before, after]
    return changed


def _locked(session: Session, user_id: int) -> tuple[User, bool]:
    """Lock an account and all active administrators, who could otherwise demote each other at the same moment.

    Return the account, and whether others can administer without it.
    """
    admins = and_(col(User.role) == Role.ADMIN, col(User.is_active))
    statement = select(User).where(or_(col(User.id) == user_id, admins)).order_by(col(User.id))
    locked = session.exec(statement.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
    user = next((user for user in locked if user.id == user_id), None)
    if user is None:
        raise UserNotFound
    return user, any(_administers(other) for other in locked if other is not user)


def _administers(user: User) -> bool:
    return user.is_active and user.role == Role.ADMIN
