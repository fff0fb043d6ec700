"""Run by itself, as a worker that the tests kill: reads one PDF in a sandbox and says when it waits for the page.

When it has read the page it parks the child, and says so again and again.
"""

import os
import sys
import time

from worker.extraction.limits import Limits
from worker.extraction.sandbox import Sandbox

LIMITS = Limits(memory_mb=1024, page_timeout_s=60, job_timeout_s=60, max_pages=10)


def say_so() -> None:
    sys.stdout.write("\n")
    sys.stdout.flush()


def main(path: str) -> None:
    with Sandbox(warm=1) as sandbox:
        extraction = sandbox.extraction(
            lambda: os.open(path, os.O_RDONLY), password=None, limits=LIMITS, on_wait=say_so, warm_key="a document"
        )
        with extraction:
            extraction.open(count_all=False)
            list(extraction.read([1]))
        while True:
            time.sleep(0.1)
            say_so()


if __name__ == "__main__":
    main(sys.argv[1])
