"""Which of the kernel's protections the sandbox gets here; the worker itself tries them, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator

from cli.doctor.findings import Finding, fault, ok, warning
from cli.up.environment import ROOT

TIMEOUT_S = 60
PROGRAM = (sys.executable, "-P", "-m", "worker.extraction.protections")
LAYERS = {
    "network": ("no network", "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or run as root"),
    "landlock": ("no files but its libraries", "run a kernel of 5.13 or later with landlock among its LSMs"),
    "uid": ("no rights of root", "let the worker's code be readable for every account, or run it as another one"),
    "capabilities": ("no capabilities", "let the worker's code be readable for every account"),
}


def look(program: tuple[str, ...] = PROGRAM) -> Iterator[Finding]:
    """Memory, time, descriptors and output are limited everywhere; the rest is up to the kernel."""
    try:
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
        active = set(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1:]
        yield fault("sandbox", f"no PDF can be read: {' '.join(said)}", "Start a worker by hand to see why.")
        return
    for name, (promise, advice) in LAYERS.items():
        if name in active:
            yield ok(f"sandbox.{name}", f"what reads PDFs has {promise}.")
        else:
            said = f"what reads PDFs cannot be kept to this: {promise}."
            yield warning(f"sandbox.{name}", said, f"To have it, {advice}. The other limits hold all the same.")
