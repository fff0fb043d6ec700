"""Settings: what is taken, what is refused, and how a faulty environment is told."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.settings import EX_CONFIG, Settings, load_or_exit

GOOD: dict[str, Any] = {
    "database_url": "postgres://u:p@h/d",
    "broker_url": "valkey://h/0",
    "secret_key": "0123456789abcdefghijklmnopqrstuvwxyz",
}


def make(**changed: Any) -> Settings:
    return Settings(_env_file=None, **{**GOOD, **changed})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_postgres_scheme_works(scheme: str) -> None:
    assert make(database_url=f"{scheme}://u:p@h/d").database_url == "postgresql+psycopg://u:p@h/d"


def test_valkey_is_spoken_to_as_redis() -> None:
    assert make().broker_url == "redis://h/0"


@pytest.mark.parametrize(
    "change",
    [
        {"database_url": "sqlite:///x"},
        {"broker_url": "memory://"},
        {"secret_key": "dev-key"},
        {"secret_key": "short"},
        {"secret_key": "a" * 64},
        {"cors_origins": "https://a.example,*"},
        {"storage_url": "ftp://x"},
        {"port": 70000},
        {"redis_url": "amqp://h"},
        {"flower_url": "127.0.0.1:5555"},
        {"public_url": "sheaf.example.org"},
        {"smtp_url": "mail.example.org"},
        {"smtp_url": "smtp://:587"},
        {"smtp_url": "smtp://mail.example.org:many"},
        {"mail_from": "nobody"},
        {"mail_from": "Sheaf <a@b>\nBcc: c@d"},
        {"mail_backoff_s": "soon"},
        {"mail_backoff_s": "60,-1"},
        {"rate_limits": "maybe"},
        {"trusted_proxies": "127.0.0.1,proxy.example"},
        {"registration": "maybe"},
        {"max_pages": 0},
    ],
)
def test_an_unusable_value_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(**change)


def test_origins_are_split_at_commas() -> None:
    assert make(cors_origins="https://a.example, https://b.example").cors_origins == (
        "https://a.example",
        "https://b.example",
    )


def test_delays_are_split_at_commas() -> None:
    assert make(mail_backoff_s="1, 2.5").mail_backoff_s == (1, 2.5)


def test_a_faulty_environment_ends_with_78_and_a_sentence_for_each_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load_or_exit(lambda: Settings(_env_file=None, broker_url="x", port="many"))
    said = capsys.readouterr().err
    assert ended.value.code == EX_CONFIG
    assert "DATABASE_URL: is not set." in said
    assert "BROKER_URL: must be a Redis" in said
    assert "PORT:" in said


def test_a_secret_is_not_shown() -> None:
    assert GOOD["secret_key"] not in repr(make())
