"""Which PDFs the paths of a command line name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.client.errors import WrongUse

ENDING = ".pdf"


@dataclass(frozen=True)
class PdfFile:
    """A file to send; `name` is where its results go below a folder for results, without an ending."""

    path: Path
    name: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def pdf_files(paths: Sequence[Path], *, recursive: bool) -> list[PdfFile]:
    """Return what the paths name, each once: files whatever their name is, of folders what ends in .pdf."""
    found = {file.path.resolve(): file for path in paths for file in _below(path, recursive=recursive)}
    if not found:
        hint = "" if recursive else " With -r subfolders count as well."
        raise WrongUse(f"There is no PDF in {', '.join(map(str, paths))}.{hint}")
    return list(found.values())


def _below(path: Path, *, recursive: bool) -> Iterator[PdfFile]:
    if path.is_file():
        yield PdfFile(path, Path(path.stem))
    elif path.is_dir():
        for file in sorted(path.rglob("*") if recursive else path.iterdir()):
            if file.suffix.lower() == ENDING and file.is_file():
                yield PdfFile(file, file.relative_to(path).with_suffix(""))
    else:
        raise WrongUse(f"There is no file or folder {path}.")
