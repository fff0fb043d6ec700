"""Taking in one PDF: count, hash and sniff it on its way to the blob store, then promise to read it."""

import asyncio
import hashlib
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from api import admission
from api.documents.multipart import BadMultipart, Form
from api.documents.schemas import ExtractionOptions
from api.idempotency import OneAnswer
from api.resources import Resources
from shared import unowned
from shared.clock import new_id
from shared.errors import Invalid, InvalidField, TooLarge
from shared.models import User
from shared.storage import blob_key

HEADER_WINDOW = 1024
PDF_MARK = b"%PDF-"
MAX_FILENAME_LENGTH = 200
IDLE_TIMEOUT_S = 30
MAX_UPLOAD_S = 12 * 3600  # Well below the time for which a blob is expected (`shared/unowned.py`).
FORM_OVERHEAD_BYTES = 64 * 1024
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class NotAPdf(Invalid):
    """Only PDF files allowed."""

    code = "not_a_pdf"


class EmptyFile(Invalid):
    """The file is empty."""

    code = "empty_file"


class FileTooLarge(TooLarge):
    """The file is larger than this installation takes."""

    code = "file_too_large"


@dataclass(frozen=True)
class Stored:
    """A file that lies in the blob store and waits for its document."""

    blob_key: str
    filename: str
    size: int
    sha256: str
    options: ExtractionOptions

    def asked(self) -> tuple[Any, ...]:
        """Return what makes two uploads the same request, as plain JSON data with the password in it."""
        return self.sha256, self.filename, self.options.model_dump()


def prepare(resources: Resources, user: User, once: OneAnswer, content_length: str | None) -> str:
    """Refuse what cannot be accepted before the first byte is read, and announce the blob that is to come.

    Return the blob's key. Space on the disk is asked for by the store, also before it takes the first byte.
    """
    length = int(content_length) if content_length and content_length.isdecimal() else 0
    if length > resources.settings.max_upload_bytes + FORM_OVERHEAD_BYTES:
        raise too_large(resources.settings.max_upload_mb)
    key = blob_key(new_id())
    with resources.database.unit_of_work() as session:
        if not once.is_known(session):
            admission.refuse_early(session, resources, admission.owner_of(user), at_least=length - FORM_OVERHEAD_BYTES)
        unowned.expect(session, key)
    return key


async def receive(resources: Resources, key: str, content_type: str, body: AsyncIterator[bytes]) -> Stored:
    """Store the uploaded file under an announced key; of a refused upload nothing remains."""
    try:
        return await _store(resources, key, Form(content_type, _without_pauses(body)))
    except Exception:
        await run_in_threadpool(unowned.erase, resources.database, resources.blobs, key)
        raise


async def _store(resources: Resources, key: str, form: Form) -> Stored:
    intake = _Intake(form.file(), resources.settings.max_upload_mb)
    try:
        async with asyncio.timeout(MAX_UPLOAD_S):
            await resources.blobs.write(key, intake.chunks())
    except ClientDisconnect as error:
        raise BadMultipart("The upload was cut off.") from error
    except TimeoutError as error:
        raise BadMultipart(f"The upload took more than {MAX_UPLOAD_S // 3600} hours and was given up.") from error
    options = _parse_options(form.fields)
    return Stored(key, clean_filename(form.filename or ""), intake.size, intake.sha256.hexdigest(), options)


async def _without_pauses(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pass a body on; raises BadMultipart when nothing comes for half a minute."""
    iterator = aiter(body)
    while True:
        try:
            async with asyncio.timeout(IDLE_TIMEOUT_S):
                data = await anext(iterator)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise BadMultipart(f"Nothing came for {IDLE_TIMEOUT_S} s; the upload was given up.") from error
        yield data


def too_large(limit_mb: int) -> FileTooLarge:
    return FileTooLarge(f"A file may have at most {limit_mb} MiB here; split it, or ask for a higher limit.")


def clean_filename(name: str) -> str:
    """Return a name fit for display: the last path segment, NFC, no control or bidi characters, 200 at most."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    normal = unicodedata.normalize("NFC", last)
    kept = "".join(c for c in normal if unicodedata.category(c) not in ("Cc", "Cs") and c not in BIDI_CONTROLS)
    return kept.strip(" .")[:MAX_FILENAME_LENGTH] or "document.pdf"


class _Intake:
    """Counts, hashes and sniffs the bytes that pass through it."""

    def __init__(self, source: AsyncIterator[bytes], limit_mb: int) -> None:
        self.size = 0
        self.sha256 = hashlib.sha256()
        self._source = source
        self._limit_mb = limit_mb
        self._head = b""

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._source:
            self._take(chunk)
            yield chunk
        if self.size == 0:
            raise EmptyFile("The file has no bytes; upload the PDF again.")
        if PDF_MARK not in self._head:
            raise _not_a_pdf()

    def _take(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.sha256.update(chunk)
        if self.size > self._limit_mb * 2**20:
            raise too_large(self._limit_mb)
        if len(self._head) < HEADER_WINDOW:
            self._head = (self._head + chunk)[:HEADER_WINDOW]
            if len(self._head) == HEADER_WINDOW and PDF_MARK not in self._head:
                raise _not_a_pdf()


def _not_a_pdf() -> NotAPdf:
    return NotAPdf("The file does not start like a PDF (no %PDF- in its first 1,024 bytes); upload a PDF.")


def _parse_options(fields: dict[str, str]) -> ExtractionOptions:
    try:
        return ExtractionOptions.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidField(f"/{fault['loc'][0]}", fault["msg"]) from error
