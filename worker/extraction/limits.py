"""What one extraction may use before it is stopped."""

from dataclasses import dataclass
from typing import Self

from shared.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Opening and each page may take `page_timeout_s`; the whole extraction `job_timeout_s` of wall or CPU time."""

    memory_mb: int
    page_timeout_s: float
    job_timeout_s: float
    max_pages: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(
            memory_mb=settings.sandbox_memory_mb,
            page_timeout_s=settings.page_timeout_s,
            job_timeout_s=settings.job_timeout_s,
            max_pages=settings.max_pages,
        )
