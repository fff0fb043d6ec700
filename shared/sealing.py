"""Sealing of PDF passwords and of mails at rest, with keys derived from `SECRET_KEY` (RFC 5869)."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

DOCUMENT_PASSWORD = b"sheaf document password"
EMAIL = b"sheaf e-mail"


def seal(secret: str, key: SecretStr, *, purpose: bytes = DOCUMENT_PASSWORD) -> bytes:
    return _box(key, purpose).encrypt(secret.encode("utf-8", "surrogatepass"))


def unseal(sealed: bytes, key: SecretStr, *, purpose: bytes = DOCUMENT_PASSWORD) -> str | None:
    """Return the secret, or None when it was sealed under another key or for another purpose."""
    try:
        return _box(key, purpose).decrypt(sealed).decode("utf-8", "surrogatepass")
    except InvalidToken:
        return None


def _box(key: SecretStr, purpose: bytes) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return Fernet(base64.urlsafe_b64encode(derive.derive(key.get_secret_value().encode())))
