"""Random orders of everything that happens to jobs, one step at a time and from several threads at once."""

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shared.database import Database
from tests.world import MOVES, Move, World, watch

SHORT = 5
LONG = 250
STEPS = 40
THREADS = 8
THREADS_S = 25.0
SEEDS = range(int(os.environ.get("FAULTS_TRIALS", "1")))
# Work has to get on, or the threads would only ever meet zombies and empty queues.
WEIGHTS: Mapping[Move, float] = {
    World.dispatch: 4,
    World.claim: 6,
    World.start: 6,
    World.record: 6,
    World.succeed: 4,
    World.erase: 0.5,
}


class Machine(RuleBasedStateMachine):
    """One rule for each move of the world; what must hold is asked after every one."""

    def __init__(self, database: Database) -> None:
        """Begin with an empty world."""
        super().__init__()
        self.world = World(database)

    @invariant()
    def everything_holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.drain()
        self.world.check()


def _rule_for(move: Move) -> Any:
    def step(self: Machine, dice: Random) -> None:
        move(self.world, dice)

    step.__name__ = move.__name__
    return rule(dice=st.randoms())(step)


for _move in MOVES:
    setattr(Machine, _move.__name__, _rule_for(_move))


@pytest.fixture
def watched(database: Database) -> Database:
    watch(database)
    return database


def play(database: Database, examples: int) -> None:
    run_state_machine_as_test(
        lambda: Machine(database),  # type: ignore[arg-type]  # Any function that makes a machine will do.
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # Shrinking takes minutes, and each step stands in the report anyway.
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(120)
def test_whatever_happens_in_whatever_order_every_invariant_holds(watched: Database) -> None:
    play(watched, SHORT)


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_many_more_orders_hold_as_well(watched: Database) -> None:
    play(watched, LONG)


@pytest.mark.timeout(120)
def test_a_few_threads_at_once_neither_deadlock_nor_leave_anything_open(watched: Database) -> None:
    meet(watched, "few", threads=4, seconds=3)


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_many_threads_for_long_do_no_harm_either(watched: Database, seed: int) -> None:
    meet(watched, f"many {seed}", threads=THREADS, seconds=THREADS_S)


def meet(database: Database, seed: str, *, threads: int, seconds: float) -> None:
    """Let threads make random moves at the same time; then good workers end what is open, and everything holds."""
    world = World(database, is_alone=False)
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(threads) as pool:
        made = sum(pool.map(lambda thread: live(world, f"{seed} {thread}", until), range(threads)))
    assert made > threads * seconds, "the threads were too slow to meet each other"
    world.is_alone = True
    world.drain()
    world.check()


def live(world: World, seed: str, until: float) -> int:
    """Make random moves until then and return how many."""
    dice = Random(seed)  # noqa: S311 — Repeatable, not secret.
    weights = [WEIGHTS.get(move, 1) for move in MOVES]
    made = 0
    while time.monotonic() < until:
        (move,) = dice.choices(MOVES, weights)
        move(world, dice)
        made += 1
    return made
