"""The answer with a document's text: written while it is sent, a few pages at a time, however long the document."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.conditional import matches
from api.documents.contents import Contents, Stamp
from api.documents.text.forms import FORMS, VERSION, FormName
from api.documents.text.results import PageResults
from shared.database import Database

BATCH = 32  # Pages in memory at once.


class PagesGone(Exception):
    """The pages went while they were sent: the document was deleted. The client sees its connection break."""


def text_answer(
    request: Request,
    database: Database,
    contents: Contents,
    *,
    form: FormName,
    ranges: str | None,
    headers: Mapping[str, str],
) -> Response:
    """Answer with the pages that are ready, or 304; the tag is made of what the text is made of."""
    stamps = contents.stamped(contents.selected(ranges))
    tag = f'"{_digest(contents, stamps, form)}"'
    every = {"ETag": tag, "Cache-Control": "private, no-cache", **headers}
    if matches(request, tag):
        return Response(status_code=304, headers=every)
    numbers, how = [stamp[0] for stamp in stamps], FORMS[form]
    text = how.write(lambda: page_results(database, contents, numbers, words=how.needs_words))
    encoded = (piece.encode("utf-8", "replace") for piece in text)
    return StreamingResponse(encoded, headers=every, media_type=f"{how.media_type}; charset=utf-8")


def page_results(database: Database, contents: Contents, numbers: list[int], *, words: bool) -> Iterator[PageResults]:
    """Yield the pages; no transaction is open while they are written."""
    for start in range(0, len(numbers), BATCH):
        batch = numbers[start : start + BATCH]
        with database.snapshot() as session:
            results = replace(contents, session=session).results(batch, words=words)
        if len(results) < len(batch):
            raise PagesGone
        yield from results


def _digest(contents: Contents, stamps: list[Stamp], form: FormName) -> str:
    made_of = (VERSION.hexdigest(), form, str(contents.document.id), contents.job.settings, stamps)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:32]
