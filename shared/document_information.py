"""What a document says of itself, as it is stored and answered: every list is bounded, every text cut."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.document_bounds import MAX_ITEMS, MAX_TEXT
from shared.page_content import storable

MAX_PAGE = 2**31 - 1

Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(storable)]
PageNumber = Annotated[int, Field(ge=1, le=MAX_PAGE)]


class Fact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Metadata(Fact):
    """The entries that PDF names (ISO 32000-1, table 317), and in `other` the rest with dates that are none."""

    title: Text | None = None
    author: Text | None = None
    subject: Text | None = None
    keywords: Text | None = None
    creator: Text | None = Field(None, description="The program that wrote the document before it became a PDF.")
    producer: Text | None = Field(None, description="The program that made the PDF.")
    created_at: datetime | None = None
    modified_at: datetime | None = None
    other: dict[Text, Text] = Field(default_factory=dict, max_length=100)


class OutlineItem(Fact):
    level: int = Field(ge=1, le=MAX_ITEMS, description="1 is the highest.")
    title: Text
    page: PageNumber | None = Field(description="Null where it leads to no page of this document.")


class Link(Fact):
    page: PageNumber
    bbox: tuple[float, float, float, float] = Field(
        description="x0, top, x1, bottom in PDF points from the top left corner of the page's picture."
    )
    uri: Text


class FormField(Fact):
    name: Text = Field(examples=["person.name"])
    type: Literal["text", "button", "choice", "signature", "unknown"]
    value: Text | list[Text] | None


class Attachment(Fact):
    name: Text
    size: int | None = Field(ge=0, description="Bytes, as the document says; null where it does not.")
    media_type: Text | None


class DocumentInformation(Fact):
    """`truncated` lists what there is more of than is shown here."""

    metadata: Metadata
    outline: list[OutlineItem] = Field(max_length=MAX_ITEMS)
    page_labels: list[Text] | None = Field(max_length=MAX_ITEMS, description="Null where pages are simply counted.")
    links: list[Link] = Field(max_length=MAX_ITEMS)
    form_fields: list[FormField] = Field(max_length=MAX_ITEMS)
    attachments: list[Attachment] = Field(max_length=MAX_ITEMS)
    encrypted: bool
    truncated: list[Literal["outline", "page_labels", "links", "form_fields", "attachments"]]
