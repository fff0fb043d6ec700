"""The files of the page, read once: under an address that changes when any of them does, plain and compressed."""

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import fastapi_offline

FOLDER = Path(__file__).parent
SAMPLE = FOLDER.parents[1] / "cli" / "sample.pdf"
SWAGGER = Path(fastapi_offline.__file__).with_name("static")
MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
}
DIGITS = 12
IMPORTS = re.compile(rb'^import .* from "([^"]+)";$', re.MULTILINE)
FRAME = "js/app.js"


class Asset(NamedTuple):
    """A file as it is sent; `compressed` is the same by gzip."""

    media_type: str
    content: bytes
    compressed: bytes


class Assets:
    """The shell of the page, for visitors (`entrance`) and for who is signed in (`home`), `docs`, and what they load.

    `digest` stands in all addresses, so that browsers may keep them.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read the folder; the parts of the stylesheet are joined, the shared ones first."""
        shell, docs = (folder / "index.html").read_bytes(), (folder / "docs.html").read_bytes()
        self._files = dict(_read(folder))
        self.digest = _digest(self._files, shell + docs)
        self.entrance = self._addressed(shell, [FRAME, "js/views/sign_in.js"])
        self.home = self._addressed(shell, [FRAME, "js/views/documents.js"])
        self.docs = self._addressed(docs, [])

    def find(self, digest: str, path: str) -> Asset | None:
        """Return a file of this version; another version's page must not mix with it."""
        return self._files.get(path) if digest == self.digest else None

    def _addressed(self, page: bytes, modules: Sequence[str]) -> bytes:
        """Write addresses into a page, and a link to each module that it needs first, so that all come at once."""
        needed = _with_imports(modules, self._files)
        links = "\n".join(f'<link rel="modulepreload" href="/ui/{{digest}}/{path}">' for path in needed)
        return page.replace(b"{preloads}", links.encode()).replace(b"{digest}", self.digest.encode())


def _read(folder: Path) -> Iterator[tuple[str, Asset]]:
    shared = folder / "css" / "base.css"
    screens = sorted(path for path in folder.glob("css/*.css") if path != shared)
    yield "app.css", _asset(b"\n".join(path.read_bytes() for path in (shared, *screens)), suffix=".css")
    yield SAMPLE.name, _asset(SAMPLE.read_bytes(), suffix=".pdf")
    for path in sorted([*folder.glob("*.svg"), *folder.glob("js/**/*.js")]):
        yield path.relative_to(folder).as_posix(), _asset(path.read_bytes(), suffix=path.suffix)
    for path in sorted(SWAGGER.glob("swagger-ui*")):
        yield f"swagger/{path.name}", _asset(path.read_bytes(), suffix=path.suffix)


def _with_imports(modules: Sequence[str], files: Mapping[str, Asset]) -> list[str]:
    """Return modules with all that they import, and that imports in turn, but not what is imported later on."""
    found = list(modules)
    for path in found:
        near = posixpath.dirname(path)
        named = (posixpath.normpath(f"{near}/{name.decode()}") for name in IMPORTS.findall(files[path].content))
        found.extend(name for name in named if name not in found)
    return found


def _asset(content: bytes, *, suffix: str) -> Asset:
    return Asset(MEDIA_TYPES[suffix], content, _compressed(content))


@cache
def _compressed(content: bytes) -> bytes:
    """Compress what never changes while a process runs, so once for all apps in it."""
    return gzip.compress(content, mtime=0)


def _digest(files: Mapping[str, Asset], shell: bytes) -> str:
    digest = hashlib.sha256(shell)
    for path, asset in sorted(files.items()):
        digest.update(f"{path}\0{len(asset.content)}\0".encode() + asset.content)
    return digest.hexdigest()[:DIGITS]
