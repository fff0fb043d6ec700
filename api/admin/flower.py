"""Flower behind our own sign-in: each request below `/flower/` is passed on for administrators, and for nobody else.

Flower listens on loopback, or in another private place, and asks for a secret that only we know. Nothing by which
somebody could sign in to us reaches it, and nothing by which it could set cookies for our pages reaches a browser.
"""

from collections.abc import AsyncIterator, Mapping

import httpx
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, StreamingResponse

from api.identity import DetachedAdmin
from api.resources import Resources, Shared
from api.scopes import SAFE_METHODS
from shared.admin_actions import record
from shared.errors import Unavailable
from shared.models import Deed, User
from shared.settings import Settings

ROOT = "/flower/"
TIMEOUT = httpx.Timeout(30, connect=2, pool=5)
CONNECTIONS = httpx.Limits(max_connections=20)
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
PASSED_ON = ("accept", "accept-language", "content-type", "if-none-match", "if-modified-since", "range", "user-agent")
PASSED_BACK = (
    "accept-ranges",
    "allow",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "vary",
)
# Its one script that stands in a page says that the list of workers refreshes itself; a test compares the digest.
REFRESHING = "'sha256-A0YIP5A+DKoseGAUTHRoMPDkKPK5cKzfYH3mjcCKtj8='"
# Bootstrap and DataTables set styles in the page and draw icons as data.
POLICY = (
    f"default-src 'none'; script-src 'self' {REFRESHING}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
LOOKING = ("tasks/datatable",)  # What it asks by POST though it changes nothing.
SENT_KEPT = 500
log = structlog.get_logger(__name__)
router = APIRouter(tags=["administration"], include_in_schema=False)


class FlowerUnavailable(Unavailable):
    """Flower does not answer."""

    code = "flower_unavailable"


class Flower:
    """The way to Flower, with its secret."""

    def __init__(self, settings: Settings) -> None:
        """Connect lazily; proxies that the environment names are for the outside and do not count here."""
        secret = settings.flower_basic_auth.get_secret_value() if settings.flower_basic_auth else ""
        name, _, password = secret.split(",")[0].partition(":")
        self._address = httpx.URL(settings.flower)
        self._client = httpx.AsyncClient(
            auth=httpx.BasicAuth(name, password) if secret else None,
            timeout=TIMEOUT,
            limits=CONNECTIONS,
            trust_env=False,
            verify=self._address.scheme == "https",  # To load certificates takes 0.1 s, and HTTP has none.
        )

    async def ask(self, request: Request) -> httpx.Response:
        """Pass a request on and return the answer, its body still to be read; raises FlowerUnavailable."""
        passed = self._client.build_request(
            request.method,
            self._address.copy_with(raw_path=_target(request)),
            headers={"accept-encoding": "identity", **_only(PASSED_ON, request.headers)},
            content=await request.body() or None,
        )
        try:
            answer = await self._client.send(passed, stream=True)
        except httpx.TransportError as error:
            log.warning("flower does not answer", error=str(error) or type(error).__name__)
            raise FlowerUnavailable(
                "`./sheaf up` starts it with all else; where processes are started one by one, run the line `flower`"
                " of the Procfile, and let FLOWER_URL say where it is."
            ) from error
        if answer.status_code == 401:
            await answer.aclose()
            raise FlowerUnavailable("It does not take FLOWER_BASIC_AUTH; give it and the API the same one.")
        return answer

    def location(self, given: str) -> str:
        """Return where a redirect of Flower leads from outside."""
        return given.removeprefix(str(self._address).rstrip("/"))

    async def close(self) -> None:
        await self._client.aclose()


@router.api_route("/flower", methods=METHODS, operation_id="enterFlower")
async def enter_flower(_admin: DetachedAdmin) -> Response:
    return RedirectResponse(ROOT, 307)


@router.api_route("/flower/{path:path}", methods=METHODS, operation_id="useFlower")
async def use_flower(request: Request, path: str, admin: DetachedAdmin, resources: Shared) -> Response:
    flower: Flower = request.app.state.flower
    if request.method not in SAFE_METHODS and path not in LOOKING:
        await run_in_threadpool(_record, resources, request, admin, sent=await request.body())
    answer = await flower.ask(request)
    if not path.startswith("static/"):
        log.info("flower used", admin=admin.id, method=request.method, path=request.url.path, status=answer.status_code)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-cache"}
    headers |= _only(PASSED_BACK, answer.headers)
    if "location" in answer.headers:
        headers["location"] = flower.location(answer.headers["location"])
    return StreamingResponse(_body(answer), answer.status_code, headers)


def _record(resources: Resources, request: Request, admin: User, *, sent: bytes) -> None:
    """Write down what is about to be passed on, in a transaction of its own: nothing happens without its row."""
    words = sent[:SENT_KEPT].decode("ascii", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    details = {"method": request.method, "sent": words}
    with resources.database.unit_of_work() as session:
        record(session, Deed.FLOWER_USED, admin=admin, target=_target(request).decode("latin-1"), details=details)


def _target(request: Request) -> bytes:
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return path + b"?" + request.url.query.encode() if request.url.query else path


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def _only(names: tuple[str, ...], headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}
