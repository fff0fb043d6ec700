"""Pages are handed on at once while they come slowly, and together when they come fast."""

from shared.claims import Opening
from shared.page_content import FailedPage
from worker.recording import PACE_S, Pages, Recorder


class Bench:
    """A recorder whose clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0
        self.recorded: list[list[int]] = []
        self.openings: list[Opening | None] = []
        self.recorder = Recorder(self.record, clock=lambda: self.now)

    def record(self, pages: Pages, opening: Opening | None) -> None:
        self.recorded.append([page.number for page in pages])
        self.openings.append(opening)

    def read(self, *numbers: int) -> None:
        for number in numbers:
            self.recorder.add(FailedPage(number=number, code="x", message="x"))


def test_fast_pages_go_on_together() -> None:
    bench = Bench()
    bench.read(1, 2, 3)
    assert bench.recorded == []
    bench.now += PACE_S
    bench.read(4)
    assert bench.recorded == [[1, 2, 3, 4]]


def test_slow_pages_go_on_one_by_one() -> None:
    bench = Bench()
    for number in (1, 2, 3):
        bench.now += 2 * PACE_S
        bench.read(number)
    assert bench.recorded == [[1], [2], [3]]


def test_a_page_does_not_wait_for_a_slow_one_behind_it() -> None:
    bench = Bench()
    bench.read(1)
    bench.now += PACE_S
    bench.recorder.tick()
    bench.recorder.tick()
    assert bench.recorded == [[1]]


def test_what_is_held_at_the_end_goes_on() -> None:
    bench = Bench()
    bench.read(1, 2)
    bench.recorder.flush()
    bench.recorder.flush()
    assert bench.recorded == [[1, 2]]


def test_an_opening_goes_on_once_with_the_first_pages_or_without_any() -> None:
    bench = Bench()
    opening = Opening(page_count=2)
    bench.recorder.open(opening)
    bench.recorder.tick()
    assert bench.recorded == []
    bench.now += PACE_S
    bench.recorder.tick()
    bench.read(1)
    bench.recorder.flush()
    assert (bench.recorded, bench.openings) == ([[], [1]], [opening, None])
