"""Making an account, for the API's registration and for the operator's command line."""

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.clock import now
from shared.errors import Conflict, InvalidField
from shared.models import Role, User
from shared.passwords import PasswordHasher

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 1024
MAX_NAME_LENGTH = 200


class EmailTaken(Conflict):
    """There is an account with this e-mail address already."""

    code = "email_taken"


def normalize_email(email: str) -> str:
    """Return the address as it is stored and compared; raises InvalidField when it is none."""
    try:
        return validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidField("/email", f"This is no e-mail address: {error}") from error


def checked_name(name: str) -> str:
    """Return the name with single spaces; raises InvalidField when nothing or something unprintable is left."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidField("/name", f"A name has 1 to {MAX_NAME_LENGTH} printable characters.")
    return name


def stored_id(user: User) -> int:
    """Return the id of a user that is in the database; raises ValueError for another."""
    if user.id is None:
        raise ValueError("This user has not been stored yet.")
    return user.id


def checked_password(password: str, *, pointer: str = "/password") -> str:
    """Return the password; raises InvalidField when it is too short or absurdly long."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise InvalidField(
            pointer,
            f"A password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters; this has {len(password)}.",
        )
    return password


def create_user(
    session: Session, hasher: PasswordHasher, *, email: str, name: str, password: str, role: Role = Role.USER
) -> User:
    """Insert an account; raises EmailTaken, or InvalidField with the field that is wrong."""
    checked_password(password)
    address = normalize_email(email)
    row = {
        "email": address,
        "name": checked_name(name),
        "password_hash": hasher.hash(password),
        "role": role,
        "is_active": True,
    }
    statement = insert(User).values(**row, created_at=now()).on_conflict_do_nothing(index_elements=["email"])
    if session.execute(statement.returning(col(User.id))).first() is None:
        raise EmailTaken(f"There is an account for {address} already; sign in, or use another address.")
    return session.exec(select(User).where(User.email == address)).one()
