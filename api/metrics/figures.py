"""The figures that stand in Postgres and in the broker, as families of metrics; the same whichever process is asked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from sqlalchemy import text
from sqlmodel import Session

from api.admin import ledger
from api.live.presence import ALIVE_S
from shared import tallies
from shared.models import Pool
from shared.tallies import Count, Spread, Told

PREFIX = "sheaf_"
Labels = tuple[str, ...]
AnyLabels = TypeVar("AnyLabels", bound=Labels)


def from_ledger(session: Session) -> list[Metric]:
    """Return what has been counted, and how things stand at this moment."""
    return [*_counted(tallies.tell(session)), *_queues(session), *_workers(session), *_stores(session)]


def from_broker(lengths: Mapping[str, int] | None) -> list[Metric]:
    """Return what lies in the broker; None says that it cannot be reached."""
    lying = {(name,): float(length) for name, length in (lengths or {}).items()}
    return [
        _gauge("broker_up", "Whether the broker answered.", {(): float(lengths is not None)}),
        _gauge("broker_messages", "Messages that lie in a queue of the broker.", lying, labels=("queue",)),
    ]


def database_up(*, is_up: bool) -> Metric:
    return _gauge("database_up", "Whether Postgres answered; without it there are no figures but ours.", {(): is_up})


def _counted(told: Iterable[Told]) -> Iterator[Metric]:
    by_name: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_name[one.name].append(one)
    for what in tallies.COUNTS:
        if isinstance(what, Spread):
            yield _spread(what, by_name[what.name], by_name[f"{what.name}_sum"])
        else:
            yield _count(what, by_name[what.name])


def _count(what: Count, told: Sequence[Told]) -> Metric:
    family = CounterMetricFamily(PREFIX + what.name, what.meaning, labels=what.labels)
    for one in told:
        family.add_metric(_values(what, one), one.value)
    return family


def _spread(what: Spread, told: Sequence[Told], sums: Sequence[Told]) -> Metric:
    """Add the buckets up, because Prometheus wants in each what is in all smaller ones as well."""
    family = HistogramMetricFamily(PREFIX + what.name, what.meaning, labels=what.labels)
    amounts: defaultdict[Labels, list[float]] = defaultdict(lambda: [0.0] * (len(what.buckets) + 1))
    for one in told:
        amounts[_values(what, one)][int(one.labels["bucket"])] += one.value
    seconds = {_values(what, one): one.value for one in sums}
    bounds = [*(str(float(bound)) for bound in what.buckets), "+Inf"]
    for values, amount in amounts.items():
        buckets = list(zip(bounds, accumulate(amount), strict=True))
        family.add_metric(values, buckets, seconds.get(values, 0.0))
    return family


def _queues(session: Session) -> Iterator[Metric]:
    cards = ledger.queue_cards(session)
    parts = {(card.name, state): float(getattr(card, state)) for card in cards for state in ledger.STATES}
    ages = {(card.name,): card.oldest_age_s or 0.0 for card in cards}
    yield _gauge("parts", "Parts of jobs that have not ended.", parts, labels=("queue", "state"))
    yield _gauge("queue_oldest_seconds", "Age of the oldest part that waits.", ages, labels=("queue",))


def _workers(session: Session) -> Iterator[Metric]:
    alive = [card for card in ledger.worker_cards(session) if card.alive]
    count = {(pool.value,): float(sum(card.pool is pool for card in alive)) for pool in Pool}
    slots = {(pool.value,): float(sum(card.slots for card in alive if card.pool is pool)) for pool in Pool}
    leads = float(ledger.dispatcher_card(session).leads)
    yield _gauge("workers", "Workers that were heard of lately.", count, labels=("pool",))
    yield _gauge("worker_slots", "Their slots.", slots, labels=("pool",))
    yield _gauge("dispatcher_up", "Whether a dispatcher leads.", {(): leads})


def _stores(session: Session) -> Iterator[Metric]:
    used = """
        SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity WHERE datname = current_database()
        GROUP BY 1"""
    states = {(str(state),): float(number) for state, number in session.execute(text(used))}
    sockets = "SELECT count(*) FROM presences WHERE seen_at > now() - make_interval(secs => :alive)"
    live = float(session.execute(text(sockets), {"alive": ALIVE_S}).scalar_one())
    stored = float(session.execute(text("SELECT coalesce(sum(storage_used), 0) FROM users")).scalar_one())
    behind = float(session.execute(text("SELECT extract(epoch FROM now() - until) FROM tallied")).scalar_one())
    yield _gauge("database_connections", "Connections to the database of all processes.", states, labels=("state",))
    yield _gauge("live_connections", "Open WebSockets of all API processes.", {(): live})
    yield _gauge("stored_bytes", "Bytes of all documents that are kept.", {(): stored})
    yield _gauge("tallies_behind_seconds", "How old what is counted is; 15 to 30 by design.", {(): behind})


def _gauge(name: str, meaning: str, values: Mapping[AnyLabels, float], *, labels: Labels = ()) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, meaning, labels=labels)
    for own, value in values.items():
        family.add_metric(own, float(value))
    return family


def _values(what: Count, told: Told) -> Labels:
    return tuple(str(told.labels[label]) for label in what.labels)
