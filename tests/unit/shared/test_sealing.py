"""Sealed passwords open under the same key only."""

from pydantic import SecretStr

from shared.sealing import seal, unseal

KEY = SecretStr("one key that is long enough 0123456789")


def test_a_sealed_password_is_unreadable_and_comes_back() -> None:
    sealed = seal("pässwörd", KEY)
    assert "pässwörd".encode() not in sealed
    assert unseal(sealed, KEY) == "pässwörd"


def test_another_key_opens_nothing() -> None:
    assert unseal(seal("x", KEY), SecretStr("another key that is long enough 01234567")) is None
