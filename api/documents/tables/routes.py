"""Routes of a document's tables, all of them together and each as a file."""

from pathlib import PurePath
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from api.attachment import attachment
from api.conditional import json_answer, tagged
from api.documents.contents import Contents
from api.documents.latest import completeness, contents_of
from api.documents.service import DocumentNotFound
from api.documents.tables import schemas, workbook
from api.documents.tables.joining import Table, joined
from api.documents.tables.pipes import as_markdown
from api.documents.tables.separated import as_csv
from api.errors import responses
from api.identity import DetachedUser
from api.resources import Snapshot
from shared.errors import NotFound

router = APIRouter(tags=["tables"])
MAX_NUMBER = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=MAX_NUMBER, description="Counted from 1 over the document.")]
ByteOrderMark = Annotated[bool, Query(description="Begin with a byte order mark, by which Excel knows UTF-8.")]


class NoSuchTable(NotFound):
    """The document has no such table."""

    code = "no_such_table"


ERRORS = responses(DocumentNotFound, NoSuchTable)


@router.get(
    "/documents/{document_id}/tables",
    operation_id="listTables",
    summary="The tables with their pages and places",
    response_model=schemas.TableList,
    responses=responses(DocumentNotFound),
)
def list_tables(request: Request, document_id: UUID, user: DetachedUser, view: Snapshot) -> Response:
    contents = contents_of(view, user, document_id)
    tables = [table.as_json() for table in joined(contents.with_tables())]
    return json_answer(request, {"data": tables}, headers=completeness(contents))


@router.get(
    "/documents/{document_id}/tables.xlsx",
    operation_id="getTablesWorkbook",
    summary="All tables as one Excel workbook, a sheet each",
    response_class=Response,
    responses={200: {"content": {workbook.MEDIA_TYPE: {}}}, **responses(DocumentNotFound)},
)
def get_workbook(request: Request, document_id: UUID, user: DetachedUser, view: Snapshot) -> Response:
    contents = contents_of(view, user, document_id)
    content = workbook.as_workbook(joined(contents.with_tables()), created=contents.document.created_at)
    return _file(request, contents, content, name="tables.xlsx", media_type=workbook.MEDIA_TYPE)


@router.get(
    "/documents/{document_id}/tables/{number}.json",
    operation_id="getTable",
    summary="One table as in the list",
    response_model=schemas.TableCard,
    responses=ERRORS,
)
def get_table(request: Request, document_id: UUID, number: Number, user: DetachedUser, view: Snapshot) -> Response:
    contents = contents_of(view, user, document_id)
    return json_answer(request, _table(contents, number).as_json(), headers=completeness(contents))


@router.get(
    "/documents/{document_id}/tables/{number}.csv",
    operation_id="getTableCsv",
    summary="One table as CSV, safe to open in a spreadsheet",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **ERRORS},
)
def get_csv(
    request: Request,
    document_id: UUID,
    number: Number,
    user: DetachedUser,
    view: Snapshot,
    bom: ByteOrderMark = False,  # noqa: FBT002 — a query parameter: FastAPI gives it by name.
) -> Response:
    contents = contents_of(view, user, document_id)
    content = as_csv(_table(contents, number).rows, bom=bom)
    return _file(request, contents, content, name=f"table-{number}.csv", media_type="text/csv; charset=utf-8")


@router.get(
    "/documents/{document_id}/tables/{number}.xlsx",
    operation_id="getTableWorkbook",
    summary="One table as an Excel workbook",
    response_class=Response,
    responses={200: {"content": {workbook.MEDIA_TYPE: {}}}, **ERRORS},
)
def get_sheet(request: Request, document_id: UUID, number: Number, user: DetachedUser, view: Snapshot) -> Response:
    contents = contents_of(view, user, document_id)
    content = workbook.as_workbook([_table(contents, number)], created=contents.document.created_at)
    return _file(request, contents, content, name=f"table-{number}.xlsx", media_type=workbook.MEDIA_TYPE)


@router.get(
    "/documents/{document_id}/tables/{number}.md",
    operation_id="getTableMarkdown",
    summary="One table as Markdown",
    response_class=Response,
    responses={200: {"content": {"text/markdown": {}}}, **ERRORS},
)
def get_markdown(request: Request, document_id: UUID, number: Number, user: DetachedUser, view: Snapshot) -> Response:
    contents = contents_of(view, user, document_id)
    content = as_markdown(_table(contents, number).rows)
    return _file(request, contents, content, name=f"table-{number}.md", media_type="text/markdown; charset=utf-8")


def _table(contents: Contents, number: int) -> Table:
    tables = joined(contents.with_tables())
    if number > len(tables):
        so_far = "" if contents.complete else " so far; ask again soon"
        raise NoSuchTable(f"There is no table {number}: the document has {len(tables)}{so_far}.")
    return tables[number - 1]


def _file(request: Request, contents: Contents, content: bytes, *, name: str, media_type: str) -> Response:
    headers = {
        "Content-Disposition": attachment(f"{PurePath(contents.document.filename).stem}-{name}"),
        "X-Content-Type-Options": "nosniff",
        **completeness(contents),
    }
    return tagged(request, content, media_type=media_type, headers=headers)
