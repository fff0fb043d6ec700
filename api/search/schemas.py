"""What clients see of what was found."""

from uuid import UUID

from pydantic import BaseModel, Field


class SnippetPart(BaseModel):
    text: str
    hit: bool = Field(description="Whether this part is what was searched for.")


class HitCard(BaseModel):
    """One page on which all that was searched for stands."""

    document_id: UUID
    filename: str
    page: int
    score: float = Field(description="Higher is better; comparable within one search only.")
    snippet: list[SnippetPart] = Field(description="Plain text, never HTML; the parts follow each other directly.")
    boxes: list[tuple[float, float, float, float]] = Field(
        description="All words on the page that were found, in reading order: x0, top, x1, bottom in PDF points from "
        "the top left corner of its picture."
    )
