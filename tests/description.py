"""What the API says of itself, made once for all tests that go through its operations."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from api.app import create_app
from tests.conftest import settings_for


@cache
def described() -> dict[str, Any]:
    """Return the OpenAPI document; nobody connects to describe an API."""
    with tempfile.TemporaryDirectory() as folder:
        nowhere = settings_for("postgresql://nobody@127.0.0.1:1/nothing", "redis://127.0.0.1:1/0", Path(folder))
        return create_app(nowhere).openapi()
