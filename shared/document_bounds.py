"""How much of what a document says of itself is told; apart from its model, because the sandbox loads no pydantic."""

MAX_TEXT = 2000  # Characters of one text.
MAX_ITEMS = 5000  # Of one list.
