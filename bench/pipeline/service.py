"""What one writes first: a service that calls pdfplumber within the request."""

from typing import Any

import pdfplumber
from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/extract")
def extract(file: UploadFile) -> list[dict[str, Any]]:
    with pdfplumber.open(file.file) as pdf:
        return [read(page) for page in pdf.pages]


def read(page: Any) -> dict[str, Any]:
    result = {"text": page.extract_text(), "words": page.extract_words(), "tables": page.extract_tables()}
    page.close()
    return result
