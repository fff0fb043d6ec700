"""A small disk of its own: a tmpfs that can be filled to the last byte and freed again. Only root can mount one."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CHUNK = bytes(2**20)
LEFT_AT_MOST = 4096


@dataclass(frozen=True)
class SmallDisk:
    """What is mounted at `folder`."""

    folder: Path

    def fill(self) -> None:
        """Write until nothing more goes in."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (2**20, LEFT_AT_MOST):
                self._write_all(filler.fileno(), size)

    def free(self) -> None:
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def _write_all(self, descriptor: int, size: int) -> None:
        try:
            while os.write(descriptor, CHUNK[:size]):
                pass
        except OSError:
            return


@contextmanager
def small_disk(*, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a disk that everybody may write to; skips the test where that is not allowed."""
    with tempfile.TemporaryDirectory(prefix="sheaf-disk-") as name:
        Path(name).chmod(0o755)
        mounted = Path(name) / "disk"
        mounted.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "sheaf-fault", str(mounted)]
        if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("a small disk needs a right to mount one")
        try:
            yield SmallDisk(mounted)
        finally:
            subprocess.run(["umount", "-l", str(mounted)], check=True)  # noqa: S607 — The system's own, wherever it is.
