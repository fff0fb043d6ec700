"""What clients see of a document's tables."""

from pydantic import BaseModel, Field

from api.documents.schemas import Bbox, TableOnPage


class TablePart(BaseModel):
    """Where a part of a table stands."""

    page: int
    bbox: Bbox


class TableCard(TableOnPage):
    """A table of the document; one that goes on over pages is one table here, with its header once."""

    number: int = Field(description="Counted from 1 over the document.")
    page: int = Field(description="Where it begins.")
    pages: list[int] = Field(description="All pages that it is on.")
    continued: bool = Field(description="Whether it goes on over pages; `bbox` is that of its first part.")
    parts: list[TablePart]
    row_count: int
    column_count: int


class TableList(BaseModel):
    data: list[TableCard]
