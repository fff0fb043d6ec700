"""A streaming reader of one uploaded file and a few short fields (RFC 7578), as the bytes arrive.

FastAPI would read the whole body before any rule could look at it; here identity and length are checked first, and
the file goes to its place without a second copy.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from shared.errors import Invalid, InvalidField

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # It exists for type checkers only.

MAX_FIELDS = 8
MAX_FIELD_BYTES = 4096
MAX_HEADERS = 8
MAX_HEADER_BYTES = 4096


class BadMultipart(Invalid):
    """The form could not be read."""

    code = "bad_multipart"


@dataclass
class _Part:
    """The part being read: its headers as they come, then its name and, for a file, its file name."""

    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""
    name: str = ""
    filename: str | None = None
    content: bytearray = field(default_factory=bytearray)


class Form:
    """One upload: iterate `file()` first, then read `fields` and `filename`."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        """`body` yields the raw bytes; raises BadMultipart when the type is not multipart/form-data."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BadMultipart("Send the PDF as multipart/form-data in the field `file`.")
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self._body = body
        self._part = _Part()
        self._chunks: list[bytes] = []
        self._ended = False
        self._parser = MultipartParser(
            options[b"boundary"], self._callbacks(), max_header_count=MAX_HEADERS, max_header_size=MAX_HEADER_BYTES
        )

    async def file(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes and read the whole form on the way; raises InvalidField when there is no file."""
        async for data in self._body:
            self._feed(data)
            for chunk in self._take():
                yield chunk
        if not self._ended:
            raise BadMultipart("The form ends too early; the upload was cut off.")
        if self.filename is None:
            raise InvalidField("/file", "The field `file` with the PDF is missing.")

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise BadMultipart(f"The form is not valid multipart/form-data: {error}") from error

    def _take(self) -> list[bytes]:
        chunks, self._chunks = self._chunks, []
        return chunks

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": lambda data, start, end: self._part.header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._part.value.extend(data[start:end]),
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._part = _Part()

    def _on_header_end(self) -> None:
        if self._part.header.lower() == b"content-disposition":
            self._part.disposition = bytes(self._part.value)
        self._part.header.clear()
        self._part.value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._part.disposition)
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            self._part.filename = options[b"filename"].decode("utf-8", "replace")
        self._check_part()

    def _check_part(self) -> None:
        is_file = self._part.name == "file"
        if is_file and self.filename is not None:
            raise InvalidField("/file", "Send one file with each request.")
        if is_file:
            self.filename = self._part.filename or ""
        elif self._part.name in self.fields or len(self.fields) >= MAX_FIELDS:
            raise InvalidField(f"/{self._part.name[:40]}", "This field is given twice, or there are too many fields.")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.name == "file":
            self._chunks.append(data[start:end])
            return
        self._part.content.extend(data[start:end])
        if len(self._part.content) > MAX_FIELD_BYTES:
            raise InvalidField(f"/{self._part.name[:40]}", f"A field may have at most {MAX_FIELD_BYTES} bytes.")

    def _on_part_end(self) -> None:
        if self._part.name != "file":
            self.fields[self._part.name] = self._part.content.decode("utf-8", "surrogateescape")

    def _on_end(self) -> None:
        self._ended = True
