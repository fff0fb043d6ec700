"""Sealing of PDF passwords at rest, with a key derived from `SECRET_KEY` (RFC 5869)."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr


def seal(password: str, key: SecretStr) -> bytes:
    return _box(key).encrypt(password.encode("utf-8", "surrogatepass"))


def unseal(sealed: bytes, key: SecretStr) -> str | None:
    """Return the password, or None when it was sealed under another key."""
    try:
        return _box(key).decrypt(sealed).decode("utf-8", "surrogatepass")
    except InvalidToken:
        return None


def _box(key: SecretStr) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sheaf document password")
    return Fernet(base64.urlsafe_b64encode(derive.derive(key.get_secret_value().encode())))
