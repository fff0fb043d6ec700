"""The routes of the web page: its shell at `/`, and the files that the shell loads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import RedirectResponse, Response

from api.conditional import accepts_gzip
from api.cookies import read_refresh
from api.resources import Shared
from api.web.assets import Assets
from shared.errors import NotFound

# No script but our own files, no markup out of text (Trusted Types), nothing from other hosts.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self';"
    " require-trusted-types-for 'script'; trusted-types 'none';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI writes markup of its own, so that it cannot live with Trusted Types, and has drawings in its stylesheet.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FOR_EVER = "public, max-age=31536000, immutable"
router = APIRouter(include_in_schema=False)


class NoSuchFile(NotFound):
    """This version of the page has no such file; load the page again."""

    code = "no_such_file"


async def _assets(request: Request) -> Assets:
    assets: Assets = request.app.state.assets
    return assets


Page = Annotated[Assets, Depends(_assets)]
Accepted = Annotated[str, Header(alias="Accept")]
Encodings = Annotated[str, Header(alias="Accept-Encoding")]


@router.get("/")
def home(request: Request, assets: Page, resources: Shared, accept: Accepted = "") -> Response:
    """Send the page to browsers, and programs to the API's description."""
    if "text/html" not in accept:
        return RedirectResponse("/docs", headers={"Vary": "Accept"})
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Vary": "Accept, Cookie"}
    shell = assets.home if read_refresh(request, resources.settings) else assets.entrance
    return Response(shell, media_type="text/html", headers=headers)


@router.get("/docs")
def docs(assets: Page) -> Response:
    """Send the page on which the API is described and can be tried."""
    return Response(assets.docs, media_type="text/html", headers={"Content-Security-Policy": DOCS_POLICY})


@router.get("/ui/{digest}/{path:path}")
def file(digest: str, path: str, assets: Page, accept_encoding: Encodings = "") -> Response:
    found = assets.find(digest, path)
    if found is None:
        raise NoSuchFile
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if not accepts_gzip(accept_encoding):
        return Response(found.content, media_type=found.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(found.compressed, media_type=found.media_type, headers=headers)
