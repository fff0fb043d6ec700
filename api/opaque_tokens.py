"""Tokens without a meaning of their own: random text that is handed out once and kept only as a digest."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

from pydantic import SecretStr

RANDOM_BYTES = 32


def new_token(prefix: str = "") -> str:
    """Return 43 characters with 256 random bits, which is why one round of SHA-256 is enough to keep them."""
    return prefix + secrets.token_urlsafe(RANDOM_BYTES)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def successor(token: str, key: SecretStr) -> str:
    """Return the token that follows this one; the same each time, so that a lost answer can be given again."""
    following = hmac.digest(key.get_secret_value().encode(), b"sheaf refresh token\0" + token.encode(), hashlib.sha256)
    return urlsafe_b64encode(following).decode().rstrip("=")
