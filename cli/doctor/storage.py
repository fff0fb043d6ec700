"""Whether files can be stored, read back and erased, and how much room is left for them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError

from cli.doctor.findings import Finding, fault, ok, warning
from shared.clock import new_id
from shared.errors import SheafError
from shared.settings import Settings
from shared.storage import MIN_FREE_BYTES, BlobStore, blob_key

GIB = 2**30
ROOMY = 10 * GIB
PROBE = b"written by sheaf doctor"


def look(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.storage)
    folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
    yield _store(settings.storage) if folder is None or folder.exists() else _place(folder)
    folders = [settings.sheaf_data, *([folder] if folder else [])]
    for disk in {folder.stat().st_dev: folder for folder in map(_existing, folders)}.values():
        yield room(disk, shutil.disk_usage(disk).free)


def room(folder: Path, free: int) -> Finding:
    """Judge the free space of the disk that a folder is on."""
    said = f"{free / GIB:.1f} GiB are free at {folder}."
    if free < MIN_FREE_BYTES:
        return fault("disk", said, "Free some: under 1 GiB uploads are refused (507).")
    return ok("disk", said) if free >= ROOMY else warning("disk", said, "Watch it: under 1 GiB uploads are refused.")


def _place(folder: Path) -> Finding:
    """Look whether a folder that is not there can be made, without making it: its owner and rights are for `up`."""
    try:
        with tempfile.TemporaryDirectory(dir=_existing(folder)):
            return ok("storage", f"{folder} can be made.")
    except OSError as error:
        return fault("storage", f"{folder} cannot be made: {error}", "Correct STORAGE_URL, or whose the folder is.")


def _store(url: str) -> Finding:
    key = blob_key(new_id())
    try:
        store = BlobStore(url)
        store.put(key, PROBE)
        is_same = store.get(key) == PROBE
        store.delete(key)
    except (BaseError, OSError, SheafError) as error:
        return fault("storage", f"{url} takes no files: {error}", "Correct STORAGE_URL, or whose the folder is.")
    if not is_same:
        return fault("storage", f"{url} gives back other bytes than it got.", "Find out what stands in between.")
    return ok("storage", f"{url} takes files, gives them back and erases them.")


def _existing(folder: Path) -> Path:
    return next(part for part in (folder, *folder.absolute().parents) if part.exists())
