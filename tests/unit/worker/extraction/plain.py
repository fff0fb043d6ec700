"""Run by itself: prints as JSON what plain pdfplumber gives for the first pages of a PDF, each asked for separately.

A third argument is JSON with the settings of `extract_text`, of `extract_words` and of tables.
"""

import json
import logging
import sys
from typing import Any

import pdfplumber


def plain_pages(path: str, *, limit: int, settings: dict[str, Any]) -> list[dict[str, Any]]:
    for_text, for_words, for_tables = (settings.get(of) or {} for of in ("text", "words", "tables"))
    with pdfplumber.open(path) as pdf:
        return [
            {
                "width": page.width,
                "height": page.height,
                "text": page.extract_text(**for_text),
                "tables": [
                    {"bbox": table.bbox, "rows": rows}
                    for table, rows in zip(page.find_tables(for_tables), page.extract_tables(for_tables), strict=True)
                ],
                "words": [
                    {field: word[field] for field in ("text", "x0", "top", "x1", "bottom")}
                    for word in page.extract_words(**for_words)
                ],
            }
            for page in pdf.pages[:limit]
        ]


if __name__ == "__main__":
    logging.disable()
    sys.stdout.write(json.dumps(plain_pages(sys.argv[1], limit=int(sys.argv[2]), settings=json.loads(sys.argv[3]))))
