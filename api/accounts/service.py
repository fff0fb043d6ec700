"""The rules of accounts: who may register and sign in, and what people see of themselves and of others."""

from sqlalchemy import ColumnElement, text
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api import rates
from api.accounts import addresses, sessions
from api.accounts.schemas import OwnAccount, Register, SignedIn
from api.caller import Caller
from api.resources import Resources
from shared.accounts import checked_name, create_user, normalize_email
from shared.errors import Forbidden, InvalidField, Unauthenticated
from shared.models import User


class InvalidCredentials(Unauthenticated):
    """The e-mail address or the password is wrong."""

    code = "invalid_credentials"


class RegistrationClosed(Forbidden):
    """This installation takes no new registrations."""

    code = "registration_closed"


def register(resources: Resources, wanted: Register, caller: Caller) -> SignedIn:
    if resources.settings.registration == "closed":
        raise RegistrationClosed("Ask the administrator of this installation for an account.")
    resources.rates.spend(rates.REGISTER, caller.network)
    with resources.database.unit_of_work() as session:
        user = create_user(session, resources.hasher, email=wanted.email, name=wanted.name, password=wanted.password)
        addresses.ask_to_verify(session, user, resources.settings)
        return sessions.start(session, resources, user, caller=caller)


def login(resources: Resources, caller: Caller, *, email: str, password: str) -> SignedIn:
    """Sign in; takes the same time and says the same whether or not the account exists."""
    address = lookup_email(email)
    _refuse_guessing(resources, address, caller)
    with resources.database.unit_of_work() as session:
        user = session.exec(select(User).where(User.email == address)).first()
    if not resources.hasher.verify(password, user.password_hash if user else None) or user is None:
        raise _wrong(resources, address, caller)
    renewed = resources.hasher.renewed(password, user.password_hash)
    with resources.database.unit_of_work() as session:
        present = session.get_one(User, user.id)
        if not present.is_active or present.password_hash != user.password_hash:
            raise _wrong(resources, address, caller)
        if renewed is not None:
            replace_hash(session, user, renewed)
        answer = sessions.start(session, resources, present, caller=caller)
    resources.rates.forgive(rates.LOGIN, address, caller.network)
    return answer


def replace_hash(session: Session, user: User, new_hash: str) -> bool:
    """Set the hash unless somebody else was quicker; locks the account."""
    statement = "UPDATE users SET password_hash = :new WHERE id = :id AND password_hash = :old RETURNING id"
    given = {"new": new_hash, "id": user.id, "old": user.password_hash}
    return session.execute(text(statement), given).first() is not None


def people(query: str | None) -> SelectOfScalar[User]:
    """Select the active users whose name or address contains the query."""
    statement = select(User).where(col(User.is_active))
    return statement.where(matches(query)) if query else statement


def matches(query: str) -> ColumnElement[bool]:
    """Say which users have the query in their name or address."""
    return or_(col(User.name).icontains(query, autoescape=True), col(User.email).icontains(query, autoescape=True))


def own_account(user: User) -> OwnAccount:
    return OwnAccount(**user.model_dump(), email_verified=user.email_verified_at is not None)


def rename(session: Session, user: User, name: str) -> OwnAccount:
    user.name = checked_name(name)
    session.add(user)
    return own_account(user)


def lookup_email(email: str) -> str:
    """Return an address as accounts are found by; whatever is none finds none."""
    try:
        return normalize_email(email)
    except InvalidField:
        return email.strip().lower()


def _refuse_guessing(resources: Resources, address: str, caller: Caller) -> None:
    """Raise RateLimited after too many failures; refused tries are no failures, so they make no wait longer."""
    resources.rates.check(rates.LOGIN, address, caller.network)
    resources.rates.check(rates.LOGIN_OF_ACCOUNT, address)
    resources.rates.check(rates.LOGIN_FROM_ADDRESS, caller.network)


def _wrong(resources: Resources, address: str, caller: Caller) -> InvalidCredentials:
    resources.rates.count(rates.LOGIN, address, caller.network)
    resources.rates.count(rates.LOGIN_OF_ACCOUNT, address)
    resources.rates.count(rates.LOGIN_FROM_ADDRESS, caller.network)
    return InvalidCredentials()
