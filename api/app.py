"""The API put together: `create_app` makes one FastAPI application from settings."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from api import description, errors
from api.accounts.key_routes import router as keys_router
from api.accounts.recovery_routes import router as recovery_router
from api.accounts.routes import router as accounts_router
from api.accounts.session_routes import router as sessions_router
from api.admin.actions import router as actions_router
from api.admin.flower import Flower
from api.admin.flower import router as flower_router
from api.admin.job_routes import router as admin_jobs_router
from api.admin.routes import router as admin_router
from api.backlog import Backlog
from api.body_limit import BodyLimit
from api.documents.change_routes import router as document_changes_router
from api.documents.rendition_routes import router as renditions_router
from api.documents.routes import router as documents_router
from api.documents.share_routes import router as shares_router
from api.documents.tables.routes import router as tables_router
from api.emails.outbox_routes import router as outbox_router
from api.emails.routes import router as emails_router
from api.exports.routes import router as exports_router
from api.health import router as health_router
from api.idempotency import HEADER as KEY_HEADER
from api.idempotency import REPLAYED
from api.in_flight import InFlight
from api.jobs.routes import router as jobs_router
from api.live.asyncapi import router as asyncapi_router
from api.live.event_routes import router as events_router
from api.live.routes import router as messages_router
from api.live.service import Live
from api.live.socket import router as socket_router
from api.metrics.requests import CountRequests
from api.metrics.routes import router as metrics_router
from api.rates import Rates
from api.request_id import HEADER, RequestId
from api.resources import Resources
from api.search.routes import router as search_router
from api.security_headers import SecurityHeaders
from api.waiting import Changes
from api.web.assets import Assets
from api.web.routes import router as web_router
from shared.database import Database
from shared.passwords import get_hasher
from shared.settings import Settings
from shared.storage import BlobStore

# Asked in this order for each request: those that programs poll come first.
ROUTERS = (
    jobs_router,
    documents_router,
    accounts_router,
    sessions_router,
    recovery_router,
    keys_router,
    document_changes_router,
    renditions_router,
    shares_router,
    tables_router,
    exports_router,
    search_router,
    emails_router,
    outbox_router,
    messages_router,
    events_router,
    socket_router,
    asyncapi_router,
    admin_router,
    admin_jobs_router,
    actions_router,
    flower_router,
    metrics_router,
    health_router,
    web_router,
)
DESCRIPTION = "Upload PDFs, watch them being read, and use the text, words and tables that were found."


def create_app(settings: Settings) -> FastAPI:
    database = Database(settings.database_url)
    resources = Resources(
        settings=settings,
        database=database,
        blobs=BlobStore(settings.storage),
        hasher=get_hasher(settings.bcrypt_rounds),
        changes=Changes(database.dsn),
        in_flight=InFlight(database.dsn),
        backlog=Backlog(settings.max_queued),
        rates=Rates(settings),
        hashing=CapacityLimiter(os.cpu_count() or 1),
    )
    app = FastAPI(
        title="Sheaf", version="0.1.0", description=DESCRIPTION, lifespan=_lifespan, docs_url=None, redoc_url=None
    )
    app.state.resources = resources
    app.state.live = Live(resources)
    app.state.assets = Assets()
    app.state.flower = Flower(settings)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", KEY_HEADER, "If-None-Match", "Last-Event-ID"],
        expose_headers=["ETag", "Location", "Retry-After", HEADER, REPLAYED, "X-Sheaf-Complete", "Content-Disposition"],
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestId)
    app.add_middleware(SecurityHeaders, settings=settings)
    app.add_middleware(CountRequests, database=database)
    errors.install(app)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)  # To include it would build all of its routes anew for each app.
    description.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    resources: Resources = app.state.resources
    live: Live = app.state.live
    listening = asyncio.create_task(resources.changes.listen())
    async with live.running():
        yield
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    await resources.in_flight.close()
    await app.state.flower.close()
    resources.database.close()
