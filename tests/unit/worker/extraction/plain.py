"""Run by itself: prints as JSON what plain pdfplumber gives for the first pages of a PDF, each asked for separately."""

import json
import logging
import sys
from typing import Any

import pdfplumber


def plain_pages(path: str, *, limit: int) -> list[dict[str, Any]]:
    with pdfplumber.open(path) as pdf:
        return [
            {
                "width": page.width,
                "height": page.height,
                "text": page.extract_text(),
                "tables": [
                    {"bbox": table.bbox, "rows": rows}
                    for table, rows in zip(page.find_tables(), page.extract_tables(), strict=True)
                ],
                "words": [
                    {field: word[field] for field in ("text", "x0", "top", "x1", "bottom")}
                    for word in page.extract_words()
                ],
            }
            for page in pdf.pages[:limit]
        ]


if __name__ == "__main__":
    logging.disable()
    sys.stdout.write(json.dumps(plain_pages(sys.argv[1], limit=int(sys.argv[2]))))
