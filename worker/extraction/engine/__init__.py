"""The engine: pdfplumber's text, words and tables, to the last bit of every number, several times faster.

pdfminer.six keeps the file, its encryption, filters, fonts and page tree; only its reading of plainly written objects
is shortened (`parsing`, `objects`, `cmaps`). What costs the time is done here again, with the same floating-point
operations in the same order: reading content streams (`tokens`, `interpreter`), placing characters and paths (`glyphs`,
`canvas`, `marks`), and finding words and tables (`words`, `tables`). A page that needs anything else raises
`Unsupported` and is read by pdfplumber itself (`plain`). `document` is the way in.
"""


class Unsupported(Exception):
    """The page needs something that only pdfplumber does; it says what."""
