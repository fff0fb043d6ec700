"""The tables of a document: listed, joined over pages, and as files for spreadsheets and people."""
