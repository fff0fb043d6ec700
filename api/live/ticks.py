"""Page ticks: how far running jobs are, told aside and at most four times a second for each document."""

import asyncio
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import text

from api.live.feeds import Item
from api.live.frames import JobNews
from api.live.hub import Hub
from api.waiting import Changes
from shared.database import Database
from shared.notices import PROGRESS_CHANNEL

EVERY_S = 0.25


class Ticks:
    """Collects the documents whose pages were read, and asks for all of them at once."""

    def __init__(self, database: Database, hub: Hub, changes: Changes) -> None:
        """Nothing is told before `run`."""
        self._database, self._hub = database, hub
        self._moved: set[UUID] = set()
        self._heard = asyncio.Event()
        changes.hear(PROGRESS_CHANNEL, self._on_progress)

    async def run(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            moved, self._moved = self._moved, set()
            for user_id, item in await run_in_threadpool(self._look, moved):
                self._hub.tell(user_id, item)
            await asyncio.sleep(EVERY_S)

    def _on_progress(self, payload: str | None) -> None:
        if payload is not None and self._hub.is_followed:
            self._moved.add(UUID(payload))
            self._heard.set()

    def _look(self, documents: set[UUID]) -> list[tuple[int, Item]]:
        """Return the frames of running jobs, for each of the users here who may see them."""
        statement = """
            SELECT viewer.user_id, j.id AS job_id, d.id AS document_id, j.kind, j.state, j.pages_done, j.pages_failed,
                   j.pages_total, d.rev
            FROM documents d JOIN jobs j ON j.id = d.latest_job_id
            CROSS JOIN LATERAL (
                SELECT d.owner_id AS user_id UNION SELECT user_id FROM shares WHERE document_id = d.id) AS viewer
            WHERE d.id = ANY(:documents) AND viewer.user_id = ANY(:users) AND j.state = 'running'"""
        with self._database.snapshot() as session:
            given = {"documents": list(documents), "users": self._hub.users}
            found = session.execute(text(statement), given).mappings().all()
        return [(row["user_id"], _tick({**row})) for row in found]


def _tick(row: dict[str, object]) -> Item:
    facts = {name: value for name, value in row.items() if name != "user_id"}
    return Item("job", None, JobNews.model_validate(facts).model_dump_json())
