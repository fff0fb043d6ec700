"""Times and ids made in Python, so that a response can be rendered before its transaction commits."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): ids made later sort later, so they also serve as keyset cursors."""
    return uuid_utils.compat.uuid7()
