"""Every setting Sheaf knows, read once from the environment and `.env`, and checked before anything starts."""

import os
import sys
from collections.abc import Callable
from email.utils import parseaddr
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, NoReturn
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

EX_CONFIG = 78  # sysexits.h: something was found in an unconfigured or misconfigured state.
WELL_KNOWN_KEYS = frozenset({"dev-key", "secret", "changeme", "change-me", "sheaf", "secret-key", "password"})
POSTGRES_SCHEMES = ("postgres://", "postgresql://", "postgresql+psycopg://")
BROKER_SCHEMES = ("redis://", "rediss://", "valkey://", "amqp://", "amqps://")


class Settings(BaseSettings):
    """The settings of one process; names are the environment variables in lower case.

    Sizes end in their unit: `_mb` is MiB, `_s` seconds.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    sheaf_data: Path = Path(".sheaf")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    web_concurrency: int = Field(default=1, ge=1)

    database_url: str
    broker_url: str
    redis_url: str | None = None
    storage_url: str | None = None
    secret_key: SecretStr
    public_url: str | None = None
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    bcrypt_rounds: int = Field(default=12, ge=4, le=16)
    access_token_minutes: int = Field(default=15, ge=1)
    refresh_token_days: int = Field(default=30, ge=1)
    registration: Literal["open", "closed"] = "open"
    log_format: Literal["text", "json"] = "text"
    rate_limits: Literal["on", "off"] = "on"
    metrics_token: SecretStr | None = None
    flower_url: str | None = None
    flower_port: int = Field(default=5555, ge=1, le=65535)
    flower_basic_auth: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str = "Sheaf <sheaf@localhost>"
    mail_backoff_s: Annotated[tuple[float, ...], NoDecode] = (60, 300, 900, 3600, 14_400)
    mail_answer_s: float = Field(default=600, gt=0)
    emails_per_hour: int = Field(default=60, ge=1)
    mailer_concurrency: int = Field(default=2, ge=1)

    worker_concurrency: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    max_open_jobs: int = Field(default=1000, ge=1)
    max_queued: int = Field(default=200_000, ge=1)
    max_upload_mb: int = Field(default=200, ge=1)
    max_pages: int = Field(default=5000, ge=1)
    page_timeout_s: float = Field(default=30, gt=0)
    job_timeout_s: float = Field(default=3600, gt=0)
    sandbox_memory_mb: int = Field(default=1536, ge=256)
    blob_cache_mb: int = Field(default=1024, ge=0)
    engine_check_share: float = Field(default=0.005, ge=0, le=1)
    retain_documents_days: int | None = Field(default=None, ge=1)
    retain_attempts_days: int = Field(default=90, ge=30)

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: str) -> str:
        for scheme in POSTGRES_SCHEMES:
            if value.startswith(scheme):
                return "postgresql+psycopg://" + value.removeprefix(scheme)
        raise ValueError("must be a Postgres address such as postgresql://user:password@host/name")

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if not value.startswith(BROKER_SCHEMES):
            raise ValueError("must be a Redis, Valkey or AMQP address such as redis://:password@host:6379/0")
        return value.replace("valkey://", "redis://", 1)

    @field_validator("secret_key")
    @classmethod
    def _strong_key(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if key.strip().lower() in WELL_KNOWN_KEYS or len(set(key)) < 8:
            raise ValueError("is a well-known or trivial key; make one with: openssl rand -hex 32")
        if len(key.encode()) < 32:
            raise ValueError("must have at least 32 bytes; make one with: openssl rand -hex 32")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_only(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "valkey://")):
            raise ValueError("must be a Redis or Valkey address such as redis://:password@host:6379/0")
        return value and value.replace("valkey://", "redis://", 1)

    @field_validator("flower_url")
    @classmethod
    def _flower_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must be where Flower listens, such as http://127.0.0.1:5555")
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must be the address people use, such as https://sheaf.example.org")
        return value and value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_mail_server(value.get_secret_value()):
            raise ValueError("must be a mail server such as smtp://user:password@host:587/?starttls=1")
        return value

    @field_validator("mail_from")
    @classmethod
    def _one_sender(cls, value: str) -> str:
        _, address = parseaddr(value)
        if not value.isprintable() or not value.isascii() or "@" not in address.strip("@"):
            raise ValueError("must be an address such as sheaf@example.org or Sheaf <sheaf@example.org>, in ASCII")
        return value

    @field_validator("mail_backoff_s", mode="before")
    @classmethod
    def _split_delays(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) else value

    @field_validator("mail_backoff_s")
    @classmethod
    def _some_delays(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or min(value) < 0:
            raise ValueError("must be delays in seconds, comma-separated, such as 60,300,900")
        return value

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in value:
            raise ValueError("'*' cannot be combined with credentials; list the exact origins, comma-separated")
        return value

    @field_validator("storage_url")
    @classmethod
    def _known_store(cls, value: str | None, _info: ValidationInfo) -> str | None:
        if value is not None and not value.startswith(("file:///", "s3://")):
            raise ValueError("must be file:///absolute/folder or s3://bucket/prefix")
        return value

    @property
    def storage(self) -> str:
        """The blob store's URL: `STORAGE_URL`, or the folder `blobs` below `SHEAF_DATA`."""
        return self.storage_url or (self.sheaf_data.resolve() / "blobs").as_uri()

    @property
    def redis(self) -> str | None:
        """The Redis or Valkey for what may be lost: `REDIS_URL`, or the broker if it is one; None with AMQP alone."""
        return self.redis_url or (self.broker_url if self.broker_url.startswith(("redis://", "rediss://")) else None)

    @property
    def logs_json(self) -> bool:
        return self.log_format == "json"

    @property
    def flower(self) -> str:
        """Where Flower listens: `FLOWER_URL`, or the port that it was given on this machine."""
        return self.flower_url or f"http://127.0.0.1:{self.flower_port}"

    @property
    def public_base(self) -> str:
        """Where links in mails lead: `PUBLIC_URL`, or the address of this installation on its own machine."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 2**20


@cache
def get_settings() -> Settings:
    """Return the settings of this process; an unusable value ends it with exit code 78 and one sentence per fault."""
    return load_or_exit(Settings)


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def load_or_exit(load: Callable[[], Settings]) -> Settings:
    try:
        return load()
    except ValidationError as error:
        _exit_with(error)


def sentences(error: ValidationError) -> list[str]:
    """Return a sentence for each setting that cannot be used."""
    return [_sentence(fault) for fault in error.errors(include_input=False, include_url=False)]


def _sentence(fault: ErrorDetails) -> str:
    name = "_".join(str(part) for part in fault["loc"]).upper()
    said = "is not set" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
    return f"{name}: {said}."


def _exit_with(error: ValidationError) -> NoReturn:
    print("\n".join(sentences(error)), file=sys.stderr)  # noqa: T201 — logging is not configured yet.
    if any(fault["type"] == "missing" for fault in error.errors()):
        print("`./sheaf up` supplies these for a local installation; .env.example lists all.", file=sys.stderr)  # noqa: T201
    raise SystemExit(EX_CONFIG)
