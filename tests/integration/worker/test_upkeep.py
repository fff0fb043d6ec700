"""The chores of the leading dispatcher: each is done at its pace, and the trouble of one is its own."""

import threading
import time

from shared.database import Database
from shared.settings import Settings
from shared.storage import BlobStore
from tests.platforms import eventually
from worker.upkeep import Chore, Housekeeping, Upkeep, quick_chores, slow_chores


def note(done: list[int]) -> int:
    done.append(1)
    return 1


def test_a_chore_that_fails_stops_no_other() -> None:
    done: list[int] = []

    def fail() -> int:
        raise RuntimeError("odd")

    Upkeep([Chore("broken", 0, fail), Chore("sound", 0, lambda: note(done))]).turn()
    assert done == [1]


def test_a_chore_waits_its_time() -> None:
    done: list[int] = []
    upkeep = Upkeep([Chore("rare", 60, lambda: note(done))])
    upkeep.turn()
    upkeep.turn()
    assert done == [1]


def test_every_chore_of_the_dispatcher_works_on_an_idle_installation(database: Database, settings: Settings) -> None:
    keeping = settings.model_copy(update={"retain_documents_days": 1})
    chores = quick_chores(database) + slow_chores(database, BlobStore(settings.storage), keeping)
    assert {chore.name: chore.work() for chore in chores} == {chore.name: 0 for chore in chores}


def test_housekeeping_rests_while_another_leads() -> None:
    done: list[int] = []
    leading = threading.Event()
    keeping = Housekeeping(Upkeep([Chore("any", 0, lambda: note(done))]), is_due=leading.is_set)
    keeping.start()
    time.sleep(1.5)
    assert done == []
    leading.set()
    eventually(lambda: bool(done), within_s=3)
    keeping.stop()
