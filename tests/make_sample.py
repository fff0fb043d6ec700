"""Writes `cli/sample.pdf`, the page that `./sheaf demo` shows, with plain PDF operators."""

import sys
import zlib
from pathlib import Path

WIDTH, HEIGHT, LEFT = 595, 842, 64
COLUMNS = (64, 214, 309, 404, 531)
ROW_HEIGHT, TABLE_TOP = 26, 560
PARAGRAPH = (
    "The third quarter closed with the best barley harvest since the cooperative was founded.",
    "Dry weeks in July let the teams cut early; by the end of August every sheaf was under",
    "roof. Oats suffered from the late frost, while wheat held its yield on a smaller area.",
    "Prices rose with demand from the two new mills, and storage costs fell by a tenth.",
)
ROWS = (
    ("Crop", "Area (ha)", "Yield (t)", "Revenue (EUR)"),
    ("Barley", "412", "2,966", "587,268"),
    ("Wheat", "538", "4,089", "940,470"),
    ("Oats", "127", "482", "91,580"),
    ("Rye", "203", "1,137", "205,797"),
    ("Total", "1,280", "8,674", "1,825,115"),
)


def text(x: float, y: float, *, words: str, size: float = 11, font: str = "F1") -> str:
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {x:g} {y:g} Td ({escaped}) Tj ET"


def heading() -> list[str]:
    return [
        "0.16 0.34 0.22 rg",
        text(LEFT, 756, words="Harvest Report, Third Quarter", size=24, font="F2"),
        "0.4 0.4 0.4 rg",
        text(LEFT, 732, words="Golden Sheaf Growers' Cooperative - prepared for the autumn meeting"),
        f"0.85 0.65 0.2 RG 2 w {LEFT} 718 m {COLUMNS[-1]} 718 l S 0 g",
    ]


def paragraph() -> list[str]:
    lines = [text(LEFT, 690 - 17 * index, words=line) for index, line in enumerate(PARAGRAPH)]
    return [*lines, text(LEFT, 586, words="Crops and revenue", size=14, font="F2")]


def table() -> list[str]:
    bottom = TABLE_TOP - ROW_HEIGHT * len(ROWS)
    ruled = ["0.5 0.5 0.5 RG 0.7 w"]
    for index in range(len(ROWS) + 1):
        y = TABLE_TOP - ROW_HEIGHT * index
        ruled.append(f"{COLUMNS[0]} {y} m {COLUMNS[-1]} {y} l S")
    ruled += [f"{x} {TABLE_TOP} m {x} {bottom} l S" for x in COLUMNS]
    for index, row in enumerate(ROWS):
        font = "F2" if index in (0, len(ROWS) - 1) else "F1"
        y = TABLE_TOP - ROW_HEIGHT * index - 17
        ruled += [text(x + 8, y, words=cell, font=font) for x, cell in zip(COLUMNS, row, strict=False)]
    return ruled


def document(content: bytes) -> bytes:
    packed = zlib.compress(content, 9)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        b"<< /Title (Harvest Report, Third Quarter) /Author (Sheaf) >>",
    )
    body, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content_of in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content_of)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(body)
    size = len(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, entries)
    return body + b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)


def sample() -> bytes:
    return document("\n".join([*heading(), *paragraph(), *table()]).encode("latin-1"))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(sample())
