"""The sides that are measured, each started afresh and warm before the clock runs."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.request import urlopen
from uuid import uuid4

from bench.forks import digests
from bench.pipeline.clients import PlatformClient, Refused, ServiceClient
from bench.pipeline.pools import read_all, running_pool
from bench.pipeline.processes import FLOWER, cpu_seconds
from bench.pipeline.samples import Sample
from bench.platforms import ROOT, running_platform
from bench.readers import ENGINE, PLAIN, Page

WARM_UPS = 2  # For each slot.
SETTINGS = {"ACCESS_TOKEN_MINUTES": "600", "BCRYPT_ROUNDS": "4"}
START_TIMEOUT_S = 30
SETTLED_FOR_S, IDLE_CPU_S = 1.0, 0.1
NOT_BEGUN = "not begun within the budget"
FAILURES = (Refused, OSError, http.client.HTTPException)


class Client(Protocol):
    def take(self, sample: Sample) -> list[bytes]: ...

    def pages(self, answers: list[bytes]) -> list[Page]: ...


@dataclass(frozen=True)
class Load:
    """How much is read at once: slots, uploads in flight, and seconds after which none is begun."""

    slots: int
    in_flight: int
    budget_s: float


@dataclass(frozen=True)
class Run:
    """What one side did in so many seconds; `cpu` is by role, `wrong` are results that are not pdfplumber's.

    `share` is how much of the work was done, as plain pdfplumber's CPU time counts it: who runs out of the budget has
    done the costly files, which come first, and should not be judged by their number.
    """

    seconds: float
    documents: float
    pages: float
    share: float
    cpu: Mapping[str, float]
    wrong: Sequence[str]

    @property
    def cpu_s(self) -> float:
        return sum(self.cpu.values())

    @property
    def pages_per_s(self) -> float:
        return self.pages / self.seconds

    @property
    def documents_per_s(self) -> float:
        return self.documents / self.seconds


Measure = Callable[[Sequence[Sample]], Run]
Side = Callable[[Load, Sample], AbstractContextManager[Measure]]


@contextmanager
def pool(load: Load, warm_up: Sample, *, reader: str) -> Iterator[Measure]:
    with running_pool(reader, load.slots) as processes:

        def work(samples: Sequence[Sample]) -> list[list[Page]]:
            return read_all(processes, [sample.path for sample in samples])

        work([warm_up] * load.slots * WARM_UPS)
        yield lambda samples: _measure(samples, work, lambda pages: pages)


@contextmanager
def plain_pool(load: Load, warm_up: Sample) -> Iterator[Measure]:
    with pool(load, warm_up, reader=PLAIN) as measure:
        yield measure


@contextmanager
def engine_pool(load: Load, warm_up: Sample) -> Iterator[Measure]:
    with pool(load, warm_up, reader=ENGINE) as measure:
        yield measure


@contextmanager
def service(load: Load, warm_up: Sample) -> Iterator[Measure]:
    with running_service(load.slots) as address:
        client = ServiceClient(address)
        _upload([warm_up] * load.slots * WARM_UPS, client, load)
        yield lambda samples: _measure(samples, lambda s: _upload(s, client, load), client.pages)


@contextmanager
def platform(load: Load, warm_up: Sample, *, with_words: bool = True) -> Iterator[Measure]:
    with running_platform(load.slots, **SETTINGS) as address:

        def client(samples: Sequence[Sample]) -> PlatformClient:
            accounts = 1 + max(sample.copy for sample in samples)
            return PlatformClient(address, accounts=accounts, named=uuid4().hex, with_words=with_words)

        def measure(samples: Sequence[Sample]) -> Run:
            taking = client(samples)
            return _measure(samples, lambda s: _upload(s, taking, load), taking.pages)

        warm = [Sample(warm_up.path, warm_up.cost, copy) for copy in range(load.slots * WARM_UPS)]
        _upload(warm, client(warm), load)
        _settle(within_s=load.budget_s)
        yield measure


def _settle(*, within_s: float) -> None:
    """Wait for what starts only after the platform is ready, Flower above all: it would be measured with the rest."""
    deadline = time.monotonic() + within_s
    before: dict[str, float] = {}
    while time.monotonic() < deadline:
        now = cpu_seconds()
        if now.get(FLOWER, 0) > 0 and all(now[role] - before.get(role, 0) < IDLE_CPU_S for role in now):
            return
        before = now
        time.sleep(SETTLED_FOR_S)


@contextmanager
def platform_without_words(load: Load, warm_up: Sample) -> Iterator[Measure]:
    with platform(load, warm_up, with_words=False) as measure:
        yield measure


@contextmanager
def running_service(workers: int) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--workers", str(workers), "--port", str(port), "--log-level", "warning")
    command = [sys.executable, "-m", "uvicorn", "bench.pipeline.service:app", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/openapi.json")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            urlopen(url, timeout=1).close()  # noqa: S310 — our own address.
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit("the service did not start") from None
            time.sleep(0.1)
        else:
            return


def _upload(samples: Sequence[Sample], client: Client, load: Load) -> list[list[bytes] | str]:
    """Return the answers to each upload, or what went wrong."""
    ends_at = time.monotonic() + load.budget_s

    def take(sample: Sample) -> list[bytes] | str:
        if time.monotonic() > ends_at:
            return NOT_BEGUN
        try:
            return client.take(sample)
        except FAILURES as error:
            return str(error) or type(error).__name__

    with ThreadPoolExecutor(load.in_flight) as threads:
        return list(threads.map(take, samples))


def _measure(
    samples: Sequence[Sample], work: Callable[[Sequence[Sample]], Sequence[Any]], pages: Callable[[Any], list[Page]]
) -> Run:
    """Work by the clock; what came back is looked at after it has stopped."""
    used, began = cpu_seconds(), time.perf_counter()
    answers = work(samples)
    seconds = time.perf_counter() - began
    cpu = {role: now - used.get(role, 0) for role, now in cpu_seconds().items()}
    done = [sample for sample, answer in zip(samples, answers, strict=True) if not isinstance(answer, str)]
    share = sum(sample.cost.seconds for sample in done) / sum(sample.cost.seconds for sample in samples)
    pages_done = share * sum(sample.pages for sample in samples)
    found = ((sample, _fault(sample, answer, pages)) for sample, answer in zip(samples, answers, strict=True))
    wrong = [f"{sample.path.name}: {fault}" for sample, fault in found if fault]
    return Run(seconds, share * len(samples), pages_done, share, cpu, wrong)


def _fault(sample: Sample, answer: Any, pages_of: Callable[[Any], list[Page]]) -> str | None:
    """Say what is not as pdfplumber gives it; a side that takes no words has none."""
    if isinstance(answer, str):
        return answer if answer != NOT_BEGUN else None
    pages = pages_of(answer)
    if len(pages) != sample.pages:
        return f"{len(pages)} pages instead of {sample.pages}"
    has_words = any(page.words for page in pages)
    for number, (page, cost) in enumerate(zip(pages, sample.cost.pages, strict=True), start=1):
        text, words, tables = digests(page)
        if (text, tables) != (cost.digests[0], cost.digests[2]) or (has_words and words != cost.digests[1]):
            return f"page {number} differs"
    return None
