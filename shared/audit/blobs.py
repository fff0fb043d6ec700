"""I5, in the blob store itself: each document's file is there, and nothing else is. It touches every file's name.

The store and the database cannot be read at one moment. So what looks wrong is looked at again afterwards: uploads and
deletions that happened meanwhile are right by then.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress

from sqlalchemy import text
from sqlmodel import Session

from shared.audit.checks import SHOWN, Check, Finding
from shared.database import Database
from shared.storage import BlobStore

FILES = Check(
    invariant="I5",
    name="files",
    claim="every document's file is in the blob store, with its length",
    subjects="documents",
    sql="SELECT id::text, blob_key, size FROM documents",
    meaning="The originals of these documents are lost or cut off; what was read from them is not.",
    advice="Restore the store from its backup, made together with the database's; or let the owners upload again.",
)
STRANGERS = Check(
    invariant="I5",
    name="strangers",
    claim="every file in the blob store is a document's, was made of one, or is to be erased",
    subjects="blobs",
    sql="""
        SELECT key FROM unowned_blobs UNION ALL SELECT blob_key FROM documents
        UNION ALL SELECT blob_key FROM renditions WHERE blob_key IS NOT NULL""",
    meaning="Nobody can see these files and nobody will erase them.",
    advice="See that no other installation uses this store, then delete them there; Sheaf never does it by itself.",
)


def audit_blobs(database: Database, store: BlobStore) -> Iterator[Finding]:
    """Compare the store with the database, and yield what was found."""
    stored = dict(store.sizes())
    with database.snapshot() as session:
        lost = _lost(session, stored)
        strangers = stored.keys() - set(session.execute(text(STRANGERS.sql)).scalars())
    there_now = dict(_look(store, {key for key, _ in lost} | strangers))
    with database.snapshot() as session:
        lost &= _lost(session, stored | there_now)
    yield _finding(FILES, {document for _, document in lost})
    yield _finding(STRANGERS, strangers & there_now.keys())


def _lost(session: Session, stored: Mapping[str, int]) -> set[tuple[str, str]]:
    """Return key and id of the documents whose blob is not among these, or has another length."""
    rows = session.execute(text(FILES.sql))
    return {(key, document) for document, key, size in rows if stored.get(key) != size}


def _look(store: BlobStore, keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    for key in keys:
        with suppress(FileNotFoundError):
            yield key, store.size(key)


def _finding(check: Check, ids: Collection[str]) -> Finding:
    return Finding(check, len(ids), sorted(ids)[:SHOWN])
