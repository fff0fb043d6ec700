"""What a forked child does before it looks at a PDF: lets go of everything inherited and limits itself."""

import gc
import os
import resource
import signal
import socket
from collections.abc import Callable

from worker.extraction import layers
from worker.extraction.frames import Channel

PDF_FD, CHANNEL_FD, NULL_FD = 0, 1, 2
EXIT_MEMORY = 90  # The child ran out of memory; saying so with an exit code needs none.
MAX_DESCRIPTORS = 64
HARD_CPU_EXTRA_S = 5  # SIGXCPU ends the child; SIGKILL follows should it be ignored.
GC_THRESHOLD = 100_000  # pdfplumber makes many objects and few cycles: a fifth faster than the default (engine.md).

Serve = Callable[[Channel], None]


def keep_only(pdf: int, channel: int) -> None:
    """Close every inherited descriptor but these two, which become 0 and 1; 2 is the null device already."""
    os.dup2(pdf, PDF_FD)
    os.dup2(channel, CHANNEL_FD)
    os.closerange(NULL_FD + 1, os.sysconf("SC_OPEN_MAX"))


def confine(server_pid: int) -> None:
    """Leave the server's session and die with it."""
    os.setsid()
    layers.hide_memory()
    layers.die_with_parent(signal.SIGKILL)
    if os.getppid() != server_pid:
        os._exit(os.EX_UNAVAILABLE)  # The server died before its death could be signalled.


def limit(*, memory_mb: int, cpu_s: int) -> None:
    memory = memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + HARD_CPU_EXTRA_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_DESCRIPTORS, MAX_DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve_limited(serve: Serve) -> None:
    """Serve the channel within the limits that its first frame says; ends the process when memory runs out."""
    with socket.socket(fileno=CHANNEL_FD) as connection:
        channel = Channel(connection)
        limits = channel.receive()
        if limits is None:
            return
        limit(**limits.header)
        gc.set_threshold(GC_THRESHOLD)
        try:
            serve(channel)
        except MemoryError:
            os._exit(EXIT_MEMORY)
