"""A backup as a folder: `database.dump`, `blobs/` and `secret-key`, for its owner's eyes only."""

from contextlib import suppress
from pathlib import Path

from cli.backup import database
from cli.backup.errors import BackupFailed
from cli.up.data import write_private
from shared.storage import BlobStore


class Archive:
    """The folder of one backup."""

    def __init__(self, folder: Path) -> None:
        """Look at nothing yet."""
        self.folder = folder.absolute()
        self.dump = self.folder / "database.dump"
        self.key = self.folder / "secret-key"

    @property
    def blobs(self) -> BlobStore:
        return BlobStore((self.folder / "blobs").as_uri())

    def save(self, url: str, blobs: BlobStore, *, key: str) -> int:
        """Save everything and return how many files there are; the dump comes last, so a folder with one is complete.

        Files never change. Those that are there before the dump are saved even if they are deleted meanwhile, those
        that come meanwhile are fetched after it: whatever the dump names is there.
        """
        if self.folder.exists() and any(self.folder.iterdir()):
            raise BackupFailed(f"{self.folder} is not empty; give a folder that does not exist.")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.key, key)
        draft = self.dump.with_suffix(".part")
        copy(blobs, self.blobs)
        database.dump(url, draft)
        count = copy(blobs, self.blobs)
        draft.rename(self.dump)
        return count

    def check(self) -> None:
        if not self.dump.exists():
            raise BackupFailed(f"{self.folder} is no complete backup: it has no {self.dump.name}.")

    def load(self, url: str, blobs: BlobStore) -> int:
        """Bring everything back and return how many files there are; files first, or rows would name missing ones."""
        self.check()
        if not database.is_empty(url):
            raise BackupFailed(
                "There is something in the database already. Restore into an empty one, or set another SHEAF_DATA."
            )
        count = copy(self.blobs, blobs)
        database.restore(url, self.dump)
        return count


def copy(source: BlobStore, target: BlobStore) -> int:
    """Copy what the target lacks and return how many files it has then."""
    known = {key for key, _ in target.sizes()}
    for key, _ in source.sizes():
        if key not in known:
            with suppress(FileNotFoundError):  # It was erased since it was listed.
                target.put(key, source.get(key))
                known.add(key)
    return len(known)
