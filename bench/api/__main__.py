"""Measures one API process beside a bare one: `python -m bench.api [--seconds S] [--clients N] [--upload-mb N]`.

Polls of a job that is done, uploads of one large file, and sign-ins. Both sides use the same Postgres, in memory, and
one process each; they are measured by turns, and medians of three are shown.
"""

import argparse
import json
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from sqlmodel import Session

from bench.api.clients import Connection, rate_of, request
from bench.postgres import throwaway_database
from bench.servers import running, settings_for
from shared.database import Database
from shared.models import Document, Job, JobState

ROUNDS = 3
JSON = {"Content-Type": "application/json"}
ACCOUNT: Mapping[str, str] = {"email": "bench@example.org", "password": "a password for measurements", "name": "Bench"}
PDF_START = b"%PDF-1.4\n"
MIB = 2**20


class Side(NamedTuple):
    """One of the two servers, and how its client says who it is."""

    process: psutil.Process
    port: int
    headers: dict[str, str]


def main() -> None:
    asked = _arguments()
    with throwaway_database() as database, tempfile.TemporaryDirectory() as folder:
        settings = settings_for(database, Path(folder))
        os.environ.update(BCRYPT_ROUNDS=str(settings.bcrypt_rounds), RATE_LIMITS="off")
        with (
            running("api", settings=settings) as (api, port),
            running("bench.api.bare", folder, settings=settings) as (bare_process, bare_port),
        ):
            token, user_id = _register(port)
            ours, bare = Side(api, port, {"Authorization": f"Bearer {token}"}), Side(bare_process, bare_port, {})
            job = _finished_job(database, user_id)
            measures: dict[str, Callable[[Side], float]] = {
                "polls/s": lambda side: _polls(side, job, asked),
                "sign-ins/s": lambda side: _sign_ins(side, asked),
                f"MB/s of {asked.upload_mb} MB uploads": lambda side: _upload(side, asked.upload_mb),
            }
            print(f"{'a second':28} {'Sheaf':>9} {'bare':>9} {'share':>6} {'CPU ms':>9} {'CPU ms':>9}")
            before = api.memory_info().rss
            shares = [compare(name, measure, ours, bare) for name, measure in measures.items()]
            print(f"the API's memory grew by {(api.memory_info().rss - before) / MIB:.0f} MiB")
    print("total " + ", ".join(f"{share:.0%} of the bare {name}" for share, name in zip(shares, measures, strict=True)))


def compare(name: str, measure: Callable[[Side], float], ours: Side, bare: Side) -> float:
    """Measure by turns, print the medians with what each costs its process, and return our share of the bare one."""
    found = [(_run(measure, ours), _run(measure, bare)) for _ in range(ROUNDS)]
    (mine, my_cpu), (theirs, their_cpu) = (
        map(statistics.median, zip(*runs, strict=True)) for runs in zip(*found, strict=True)
    )
    share: float = mine / theirs
    print(f"{name:28} {mine:9.1f} {theirs:9.1f} {share:6.0%} {my_cpu:9.2f} {their_cpu:9.2f}", flush=True)
    return share


def _run(measure: Callable[[Side], float], side: Side) -> tuple[float, float]:
    """Return how many a second there were, and the milliseconds of CPU of each."""
    began, cpu = time.perf_counter(), _cpu_ms(side)
    rate = measure(side)
    return rate, (_cpu_ms(side) - cpu) / (rate * (time.perf_counter() - began))


def _cpu_ms(side: Side) -> float:
    times = side.process.cpu_times()
    return 1000 * (times.user + times.system)


def _polls(side: Side, job: Job, asked: argparse.Namespace) -> float:
    message = request("GET", f"/jobs/{job.id}", headers=side.headers)
    return rate_of(side.port, message, clients=asked.clients, seconds=asked.seconds).per_second


def _sign_ins(side: Side, asked: argparse.Namespace) -> float:
    body = json.dumps({name: ACCOUNT[name] for name in ("email", "password")}).encode()
    message = request("POST", "/login", headers=JSON, body=body)
    return rate_of(side.port, message, clients=asked.clients, seconds=asked.seconds).per_second


def _upload(side: Side, megabytes: int) -> float:
    """Return the speed of one upload; each is another file, or it would be a duplicate."""
    start = PDF_START + secrets.token_hex(16).encode()
    began = time.perf_counter()
    with Connection(side.port) as connection:
        connection.upload("/documents", size=megabytes * 10**6, start=start, headers=side.headers)
    return megabytes / (time.perf_counter() - began)


def _register(port: int) -> tuple[str, int]:
    with Connection(port) as connection:
        said = connection.ask(
            request("POST", "/register", headers=JSON, body=json.dumps({**ACCOUNT}).encode()), status=201
        )
    answer: dict[str, Any] = json.loads(said)
    return answer["access_token"], answer["user"]["id"]


def _finished_job(database: Database, owner_id: int) -> Job:
    """Write a document with a job that is done, as an upload and a worker would have."""
    with Session(database.engine, expire_on_commit=False) as session:
        document = Document(owner_id=owner_id, filename="x.pdf", size=1, sha256="x", blob_key="x")
        session.add(document)
        session.flush()  # The job's foreign key needs the document's row.
        job = Job(owner_id=owner_id, document_id=document.id, settings="default", pages_total=1, pages_done=1)
        session.add(job)
        session.flush()  # States may only be left in order.
        for state in (JobState.RUNNING, JobState.SUCCEEDED):
            job.state = state
            session.flush()  # As above.
        document.latest_job_id = job.id
        session.commit()
    return job


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, metavar="S", help="of polls and sign-ins, each round (5)")
    parser.add_argument("--clients", type=int, default=8, metavar="N", help="connections at once (8)")
    parser.add_argument("--upload-mb", type=int, default=200, metavar="N", help="size of an upload (200)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
