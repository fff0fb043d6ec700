"""A program whose server hangs whenever it is asked to fork."""

import gc
import os
import signal

from worker.extraction.frames import Channel


def serve(_: Channel) -> None:
    """Never reached."""


def hang_when_started() -> None:
    """Let the forks by which the server prepares itself pass; it freezes its memory when it is done with them."""
    if gc.get_freeze_count():
        signal.pause()


os.register_at_fork(before=hang_when_started)
