"""`sheaf admin`: makes accounts, also the first administrator, straight in the database."""

import getpass
import logging
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from cli.operation import join_platform
from shared.accounts import create_user
from shared.admin_actions import record
from shared.database import Database
from shared.errors import SheafError
from shared.logs import configure_logging
from shared.models import Deed, Role
from shared.passwords import get_hasher
from shared.settings import get_settings

EX_USAGE = 2


def create_account(email: str, *, name: str, role: str) -> int:
    """Insert the account; say in one sentence why not, if not."""
    if role not in list(Role):
        print(f"--role: must be one of {', '.join(Role)}, not {role!r}.", file=sys.stderr)
        return EX_USAGE
    if not join_platform():
        print("Nothing runs here: start `./sheaf up` first, or set DATABASE_URL.", file=sys.stderr)
        return 1
    password = os.environ.get("SHEAF_PASSWORD") or _ask_password()
    if password is None:
        print("The two passwords differ.", file=sys.stderr)
        return 1
    return _insert(email, name=name, role=Role(role), password=password)


def _insert(email: str, *, name: str, role: Role, password: str) -> int:
    settings = get_settings()
    configure_logging(level=logging.WARNING)
    database = Database(settings.database_url, pool_size=1)
    try:
        with database.unit_of_work() as work:
            user = create_user(
                work, get_hasher(settings.bcrypt_rounds), email=email, name=name, password=password, role=role
            )
            target = f"/admin/users/{user.id}"
            record(work, Deed.ACCOUNT_MADE, admin=None, account_id=user.id, target=target, details={"role": role})
            print(f"{user.email} is account {user.id} ({user.role}).")
    except SheafError as error:
        print(str(error), file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        print(f"The database cannot be used: {str(getattr(error, 'orig', error)).strip()}", file=sys.stderr)
        return 1
    finally:
        database.close()
    return 0


def _ask_password() -> str | None:
    first = getpass.getpass("Password: ")
    return first if getpass.getpass("Again: ") == first else None
