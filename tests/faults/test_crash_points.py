"""F12: every process dies right before and right after each of its commits, and after what it does between them."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, zip_longest

import psycopg
import pytest

from tests.faults import processes
from tests.faults.checker import Verdict, judge, settle
from tests.faults.conftest import Shared
from tests.faults.crashing import Fuse, points_of
from tests.faults.load import Load, small_pdfs
from tests.faults.stage import PYTHON, USUAL, Stage, stage
from tests.faults.table import Line
from tests.pdf_files import encrypted_pdf, slow_page_pdf
from tests.platforms import eventually

FILES, PAGES = 12, 5
BURNS_WITHIN_S = 60
CRASHING = {name: line.replace(f"{PYTHON} -m", f"{PYTHON} -m tests.faults.crashing") for name, line in USUAL.items()}
Nudge = Callable[[Stage, Load], None]


def nothing(_stage: Stage, _load: Load) -> None:
    """The load alone leads there."""


def lose_leases(stage: Stage, load: Load) -> None:
    """Let the lease of something slow be over, until a turn of the reaper sees it: as if its worker were silent."""
    job = run_slow(load)
    for _ in range(12):
        stage.ask("UPDATE parts SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        time.sleep(0.2)
    load.users[0].act("POST", f"/jobs/{job}/cancel")


def lose_messages(stage: Stage, load: Load) -> None:
    """Lose what lies in the broker while the workers stand still, and let the leases of the dispatched be over."""
    workers = processes.workers(stage)
    for worker in workers:
        worker.suspend()
    try:
        load.users[0].upload(small_pdfs(1)[0])
        with suppress(AssertionError):
            eventually(lambda: stage.number("SELECT count(*) FROM parts WHERE state = 'dispatched'") > 0, within_s=2)
        stage.broker.flush()
        stage.ask("UPDATE parts SET lease_until = now() - interval '1 s' WHERE state = 'dispatched'")
    finally:
        for worker in workers:
            worker.resume()


def kill_sandboxes(stage: Stage, load: Load) -> None:
    """Kill what reads something slow, so that it is tried again after its pause."""
    job = run_slow(load)
    processes.kill(*processes.sandboxes(stage))
    time.sleep(2)
    load.users[0].act("POST", f"/jobs/{job}/cancel")


def cut_the_broker(stage: Stage, load: Load) -> None:
    """Let publishing fail for a moment, when there is something to publish."""
    stage.broker_link.change(reset_rate=1.0)
    load.users[0].upload(small_pdfs(1)[0])
    time.sleep(1)
    stage.broker_link.clear()
    time.sleep(2)


def cancel_slow(_stage: Stage, load: Load) -> None:
    """Upload something slow and cancel it while it runs."""
    load.users[0].act("POST", f"/jobs/{run_slow(load)}/cancel")


def run_slow(load: Load) -> str:
    """Upload something slow, wait until it runs, if it does, and return its job."""
    user = load.users[0]
    sent = user.upload(slow_page_pdf(1) + f"% {time.time_ns()}".encode())
    with suppress(AssertionError):
        eventually(lambda: user.get(f"/jobs/{sent.job_id}")["state"] == "running", within_s=10)
    return sent.job_id


@dataclass(frozen=True)
class Way:
    """How to lead a process to its points; `nudge` is repeated until the fuse has burnt."""

    points: Sequence[str]
    nudge: Nudge = nothing
    files: Sequence[bytes] = field(default=(), repr=False)


API = (
    Way(points_of("expect a blob")),
    Way(["store the blob"]),
    Way(points_of("accept")),
    Way(points_of("cancel"), cancel_slow),
)
DISPATCHER = (
    Way(points_of("dispatch")),
    Way(["publish"]),
    Way(points_of("withdraw"), cut_the_broker),
    Way(points_of("take back"), lose_leases),
    Way(points_of("reap messages"), lose_messages),
    Way(points_of("requeue"), kill_sandboxes),
)
WORKER = (
    Way(points_of("claim")),
    Way(points_of("start pages")),
    Way(points_of("record a page")),
    Way(points_of("succeed")),
    Way(points_of("fail"), files=[encrypted_pdf("secret")]),
    Way(points_of("retry later"), kill_sandboxes),
    Way(points_of("confirm cancel"), cancel_slow),
)
# Taking turns gives each process time to live long enough for the supervisor to forgive its deaths.
WAYS = [way for turn in zip_longest(API, DISPATCHER, WORKER) for way in turn if way]
POINTS: Mapping[str, Way] = {point: way for way in WAYS for point in way.points}
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def fused(shared_stage: Shared) -> Iterator[tuple[Stage, Fuse]]:
    shared_stage.close()
    with stage() as made:
        fuse = Fuse(made.folder / "fuse.json")
        fuse.arm("", times=0)
        made.open(CRASHING, CRASH_AT=str(made.folder / "fuse.json"), PAGE_TIMEOUT_S="8")
        yield made, fuse


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.row("F12", "death at every commit and between them")
def test_a_death_at_any_point_loses_and_doubles_nothing(fused: tuple[Stage, Fuse], line: Line, times: int) -> None:
    line.fault += ", once" if times == 1 else ", twice"
    stage, fuse = fused
    told = {point: die_at(stage, fuse, point, times=times) for point in POINTS}
    verdicts = [verdict for verdict in told.values() if verdict]
    line.accepted, line.finished = str(sum(v.accepted for v in verdicts)), str(sum(v.finished for v in verdicts))
    line.lost, line.doubled = str(sum(v.lost for v in verdicts)), str(sum(v.duplicated for v in verdicts))
    line.stuck, line.extra = str(sum(v.stuck for v in verdicts)), str(sum(v.extra_runs for v in verdicts))
    line.add(f"{len(POINTS)} points, {times * len(POINTS)} deaths")
    assert {name: verdict for name, verdict in told.items() if verdict is None or not verdict.is_clean} == {}


def die_at(stage: Stage, fuse: Fuse, point: str, *, times: int) -> Verdict | None:
    """Let so many processes die there under a small load and judge what became of it; None: nobody came there."""
    with closing(Load(stage, "f12", users=2, threads=4)) as load:
        return die_under(load, fuse, point, times=times)


def die_under(load: Load, fuse: Fuse, point: str, *, times: int) -> Verdict | None:
    stage = load.stage
    way = POINTS[point]
    fuse.arm(point, times=times)
    files = [*(f + f"% {load.prefix}".encode() for f in way.files), *small_pdfs(FILES, pages=PAGES)]
    with nudging(stage, load, fuse, way.nudge), load.running(files):
        pass
    has_burnt = burns(load, fuse, way.files)
    fuse.arm("", times=0)
    settle(stage, load.prefix)
    verdict = judge(stage, load.prefix, load.journal)
    return verdict if has_burnt else None


@contextmanager
def nudging(stage: Stage, load: Load, fuse: Fuse, nudge: Nudge) -> Iterator[None]:
    """Nudge again and again within the block, and after it until the fuse has burnt."""

    def run() -> None:
        deadline = time.monotonic() + BURNS_WITHIN_S
        while fuse.left() and time.monotonic() < deadline:
            if nudge is not nothing:
                load.users[0].upload(small_pdfs(1, pages=PAGES)[0])
            with suppress(psycopg.Error, OSError):
                nudge(stage, load)
            time.sleep(0.3)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def burns(load: Load, fuse: Fuse, files: Sequence[bytes]) -> bool:
    """Feed the fuse until it has burnt."""
    deadline = time.monotonic() + BURNS_WITHIN_S
    while fuse.left():
        if time.monotonic() > deadline:
            return False
        load.upload([*(file + f"% {time.time_ns()}".encode() for file in files), *small_pdfs(2, pages=PAGES)])
        time.sleep(0.5)
    return True


def test_the_points_are_different() -> None:
    assert len(POINTS) == len(list(chain.from_iterable(way.points for way in WAYS)))
