"""How good the Markdown is: ours, and markitdown's where it is installed, against what is known of PDFs.

    python -m bench.markdown FOLDER

Prints for each file the indel ratio of the texts after white space is collapsed, and the same without the marks of
headings, of tables and of pages, as tools differ in those.
"""

import argparse
import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from statistics import mean

from api.documents.text.markdown import markdown
from bench.truth import Known, known, pages_of, plain_ratio

MARKS = re.compile(r"<!--.*?-->|^#+ |[|]|:?-{3,}:?|(?<=[|]) - (?=[|])", re.MULTILINE | re.DOTALL)
COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)
NAME_WIDTH = 44


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.markdown", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="has a manifest.csv, or truths beside its PDFs")
    files = list(known(parser.parse_args().folder, ".md"))
    if not files:
        raise SystemExit("There is no PDF with a truth in that folder.")
    sides: dict[str, Callable[[Path], str]] = {"sheaf": ours}
    if importlib.util.find_spec("markitdown"):
        sides["markitdown"] = markitdown
    print(f"{'ratio / ratio without marks':{NAME_WIDTH}}" + "".join(f"{side:>16}" for side in sides))
    found = [[measure(write(file.pdf), file) for write in sides.values()] for file in files]
    for file, measured in zip(files, found, strict=True):
        print(f"{file.name[-NAME_WIDTH:]:{NAME_WIDTH}}" + "".join(f"{a:9.3f}{b:7.3f}" for a, b in measured))
    for number, side in enumerate(sides):
        columns = zip(*(measured[number] for measured in found), strict=True)
        print(f"mean of {side}: " + " / ".join(f"{mean(column):.3f}" for column in columns))


def measure(text: str, file: Known) -> tuple[float, float]:
    without = [MARKS.sub(" ", each) for each in (text, file.truth)]
    return plain_ratio(COMMENTS.sub("", text), COMMENTS.sub("", file.truth)), plain_ratio(without[0], without[1])


def ours(pdf: Path) -> str:
    pages = pages_of(pdf)
    return "".join(markdown(lambda: iter(pages)))


def markitdown(pdf: Path) -> str:
    converter = importlib.import_module("markitdown").MarkItDown()
    return str(converter.convert(str(pdf)).text_content)


if __name__ == "__main__":
    main()
