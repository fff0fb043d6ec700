"""The engine against pdfplumber: the same PDFs for both, each in a process of its own, and every answer compared."""
