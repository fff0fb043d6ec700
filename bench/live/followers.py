"""Who follows jobs by streams and long polls, beside a bare hub: `python -m bench.live.followers [JOBS]`.

Each job has an owner who follows it twice, by server-sent events and by long polls. The jobs go through their states at
a steady pace, written as the platform writes them; the bare hub is told the same by lines over TCP. What is compared is
the CPU time of the one process that serves, from the first change until everybody has seen the last one.
"""

import asyncio
import json
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil

from bench.live.clients import make_people
from bench.postgres import throwaway_database
from bench.servers import running, settings_for
from shared.database import Database
from shared.models import Document, Job, JobState
from shared.news import announce_job
from shared.notices import DOCUMENT_CHANNEL

STATES = (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED)
PAUSE_S = 0.01
WAIT_S = 30
PATIENCE_S = 120
Tell = Callable[[int, JobState], object]
Headers = Mapping[str, str]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with throwaway_database() as database, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings = settings_for(database, Path(folder))
        people = make_people(database, settings, count)
        jobs = [make_job(database, person) for person, _ in people]
        process, port = stack.enter_context(running("api", settings=settings))
        tokens = [{"Authorization": f"Bearer {token}"} for _, token in people]
        ours = asyncio.run(follow_all(process, port, tokens, lambda n, state: write(database, jobs[n], state)))
        process, port = stack.enter_context(running("bench.live.bare", "hub"))
        lines = stack.enter_context(socket.create_connection(("127.0.0.1", port + 1)))
        names = [{"User": str(n)} for n in range(count)]
        bare = asyncio.run(follow_all(process, port, names, lambda n, state: lines.sendall(f"{n} {state}\n".encode())))
    print(f"{count} jobs, each followed by a stream and by long polls: all saw {len(STATES)} states in order")
    print(f"Sheaf {ours:.2f} ms of CPU a change, bare hub {bare:.2f} ms: {ours / bare:.1f}x")


async def follow_all(process: psutil.Process, port: int, who: Sequence[Headers], tell: Tell) -> float:
    """Return the milliseconds of CPU that a change costs the server; stops the measurement if somebody misses one."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, limits=limits) as client:
        open_streams = asyncio.Semaphore(0)
        followers = [asyncio.create_task(by_stream(client, headers, open_streams)) for headers in who]
        followers += [asyncio.create_task(by_polls(client, headers, open_streams)) for headers in who]
        for _ in followers:
            await open_streams.acquire()
        await asyncio.sleep(1)
        before = sum(process.cpu_times()[:2])
        for state in STATES:
            for number in range(len(who)):
                await asyncio.to_thread(tell, number, state)
                await asyncio.sleep(PAUSE_S)
        seen = await asyncio.wait_for(asyncio.gather(*followers), PATIENCE_S)
        cpu = sum(process.cpu_times()[:2]) - before
    if any(states != list(STATES) for states in seen):
        raise SystemExit(f"somebody saw something else: {[states for states in seen if states != list(STATES)][:3]}")
    return 1000 * cpu / (len(STATES) * len(who))


async def by_stream(client: httpx.AsyncClient, headers: Headers, is_open: asyncio.Semaphore) -> list[str]:
    states: list[str] = []
    async with client.stream("GET", "/events", headers={**headers, "Accept": "text/event-stream"}) as answer:
        answer.raise_for_status()
        is_open.release()
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                states.append(json.loads(line[5:])["state"])
                if states[-1] == STATES[-1]:
                    break
    return states


async def by_polls(client: httpx.AsyncClient, headers: Headers, is_open: asyncio.Semaphore) -> list[str]:
    states: list[str] = []
    last = 0
    is_open.release()
    while not states or states[-1] != STATES[-1]:
        answer = await client.get("/events", params={"after": last, "wait": WAIT_S}, headers=headers)
        said = answer.raise_for_status().json()
        states += [event["state"] for event in said["events"]]
        last = said["next"]
    return states


def make_job(database: Database, owner_id: int) -> Job:
    with database.unit_of_work() as session:
        document = Document(owner_id=owner_id, filename="x.pdf", size=1, sha256="x", blob_key=f"x{owner_id}")
        session.add(document)
        session.flush()  # The job's foreign key needs the document's row.
        job = Job(owner_id=owner_id, document_id=document.id, settings="default", pages_total=1, pages_done=1)
        session.add(job)
    return job


def write(database: Database, job: Job, state: JobState) -> None:
    """Change the job and tell of it, as the platform does."""
    with database.unit_of_work() as session:
        session.add(job)
        job.state = state
        announce_job(session, job, channel=DOCUMENT_CHANNEL)


if __name__ == "__main__":
    main()
