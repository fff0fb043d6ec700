"""How good the text is: our forms, and PDFium's text, against what is known of PDFs.

    python -m bench.text FOLDER

Prints three measures for each file and side: the indel ratio of the texts as they are, the same after white space is
collapsed and characters are normalized (NFKC), and the F1 of tokens.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean

import pypdfium2

from api.documents.text.reading import reading_text
from api.documents.text.results import PageResults
from bench.truth import Known, known, pages_of, plain_ratio, raw_ratio, token_f1

Measures = tuple[float, float, float]
MEASURES: Sequence[Callable[[str, str], float]] = (raw_ratio, plain_ratio, token_f1)
FORMS: dict[str, Callable[[PageResults], str]] = {"plain": lambda page: page.text, "reading": reading_text}
NAME_WIDTH = 44


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.text", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="has a manifest.csv, or truths beside its PDFs")
    files = list(known(parser.parse_args().folder, ".txt"))
    if not files:
        raise SystemExit("There is no PDF with a truth in that folder.")
    sides = [*FORMS, "pdfium"]
    print(f"{'raw ratio / normalized ratio / token F1':{NAME_WIDTH}}" + "".join(f"{side:>19}" for side in sides))
    found = [measure(file) for file in files]
    for file, measured in zip(files, found, strict=True):
        print(f"{file.name[-NAME_WIDTH:]:{NAME_WIDTH}}" + "".join(map(_cell, measured)))
    means = [tuple(map(mean, zip(*side, strict=True))) for side in zip(*found, strict=True)]
    print(f"{'mean':{NAME_WIDTH}}" + "".join(map(_cell, means)))


def measure(file: Known) -> list[Measures]:
    """Return the measures of each form, and of PDFium."""
    pages = pages_of(file.pdf)
    texts = ["\n".join(map(form, pages)) for form in FORMS.values()]
    return [_measures(text, file.truth) for text in (*texts, pdfium_text(file.pdf))]


def pdfium_text(pdf: Path) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "\n")


def _measures(text: str, truth: str) -> Measures:
    raw, plain, tokens = (of(text, truth) for of in MEASURES)
    return raw, plain, tokens


def _cell(measures: Sequence[float]) -> str:
    return "   " + " ".join(f"{measure:5.3f}"[-5:].replace("0.", ".") + " " for measure in measures)[:16]


if __name__ == "__main__":
    main()
