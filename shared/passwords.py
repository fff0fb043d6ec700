"""Hashing of account passwords: bcrypt over SHA-256, so that long passwords count in full."""

from functools import cache

from passlib.context import CryptContext


class PasswordHasher:
    """Hashes and verifies; `rounds` is bcrypt's cost, each step doubling it."""

    def __init__(self, rounds: int) -> None:
        """Prepare the context and the hash that stands in for accounts that do not exist."""
        self._context = CryptContext(
            ["bcrypt_sha256", "bcrypt"], deprecated="auto", bcrypt_sha256__rounds=rounds, bcrypt__rounds=rounds
        )
        self._nobody = self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return str(self._context.hash(password))

    def verify(self, password: str, password_hash: str | None) -> bool:
        """Say whether the password fits; without a hash it takes the same time and never does."""
        fits = bool(self._context.verify(password, password_hash or self._nobody))
        return fits and password_hash is not None

    def renewed(self, password: str, password_hash: str) -> str | None:
        """Return another hash of this password if its own has another scheme or cost than new ones, else None."""
        return self.hash(password) if self._context.needs_update(password_hash) else None


@cache
def get_hasher(rounds: int) -> PasswordHasher:
    return PasswordHasher(rounds)
