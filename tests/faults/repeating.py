"""What is done again and again beside a test, in a thread of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(work: Callable[[], object], *, every_s: float) -> Iterator[None]:
    """Do the work in these intervals until the block is left."""
    stopping = threading.Event()

    def repeat() -> None:
        while not stopping.wait(every_s):
            work()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
