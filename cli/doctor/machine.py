"""Whether the machine has the memory that so many slots may want."""

import os
from collections.abc import Iterator

from cli.doctor.findings import Finding, ok, warning
from shared.settings import Settings

MIB = 2**20


def look(settings: Settings) -> Iterator[Finding]:
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    slots, each = settings.worker_concurrency, settings.sandbox_memory_mb
    said = f"{slots} slots of up to {each} MiB each; the machine has {there} MiB."
    if slots * each <= there:
        yield ok("memory", said)
    else:
        yield warning("memory", said, "Lower WORKER_CONCURRENCY or SANDBOX_MEMORY_MB: a hard page may take all of it.")
