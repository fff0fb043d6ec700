"""A document as a ZIP archive that is sent while it is written."""

from collections.abc import Iterable, Iterator
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from api.documents.tables.separated import as_csv
from api.exports.as_json import as_json
from api.exports.source import Source

READABLE = 0o644 << 16  # Where ZIP keeps the mode of a file on Unix.


class _Outlet:
    """A file that can only be written to, and gives what was written to whoever sends it on."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._held: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._held.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is held is taken when its time comes."""

    def take(self) -> bytes:
        taken, self._held = b"".join(self._held), []
        return taken


def as_archive(source: Source) -> Iterator[bytes]:
    """Yield the archive; its bytes depend on the document alone, its files have the time of the upload."""
    outlet = _Outlet()
    with ZipFile(outlet, "w") as archive:  # type: ignore[call-overload]  # zipfile also takes what cannot seek or tell.
        for name, chunks in _files(source):
            with archive.open(_entry(source, name), "w", force_zip64=True) as file:
                for chunk in chunks:
                    file.write(chunk)
                    if taken := outlet.take():
                        yield taken
    yield outlet.take()


def _files(source: Source) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "original.pdf", source.original()
    yield "document.json", as_json(source)
    yield "text.txt", source.text("plain")
    yield "text.md", source.text("markdown")
    for table in source.tables():
        yield f"tables/table-{table.number:03}-page-{table.parts[0].page}.csv", [as_csv(table.rows, bom=False)]


def _entry(source: Source, name: str) -> ZipInfo:
    entry = ZipInfo(name, date_time=source.document.created_at.timetuple()[:6])
    entry.compress_type = ZIP_STORED if name.endswith(".pdf") else ZIP_DEFLATED  # A PDF is compressed inside.
    entry.external_attr = READABLE
    return entry
