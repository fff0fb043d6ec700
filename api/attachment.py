"""The header that has browsers save an answer as a file."""

import re
from urllib.parse import quote

NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def attachment(name: str) -> str:
    """Return a Content-Disposition (RFC 6266) with the name for old clients in ASCII and for others as it is."""
    plain = NOT_PLAIN.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
