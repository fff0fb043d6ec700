"""What a worker takes from the broker is limited by what it can count, whatever happens to its links."""

import pickle

import pytest
from kombu.exceptions import ContentDisallowed
from kombu.serialization import dumps, loads, prepare_accept_content

from shared.broker import celery_settings
from tests.unit.shared.test_settings import make


@pytest.mark.parametrize(
    ("broker_url", "prefetch", "by_free_slots"),
    [("redis://localhost:6379/0", 0, True), ("amqp://guest@localhost//", 1, False)],
)
def test_free_slots_alone_limit_what_a_worker_takes_from_redis(
    broker_url: str, prefetch: int, *, by_free_slots: bool
) -> None:
    settings = celery_settings(make(broker_url=broker_url))
    assert (settings["worker_prefetch_multiplier"], settings["worker_disable_prefetch"]) == (prefetch, by_free_slots)


def test_a_worker_that_lost_its_broker_keeps_its_count() -> None:
    assert celery_settings(make())["worker_enable_prefetch_count_reduction"] is False


class Trap:
    """Executes something when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Say what."""
        return pytest.fail, ("a message was executed",)


def test_a_pickled_message_is_refused() -> None:
    accepted = prepare_accept_content(celery_settings(make())["accept_content"])
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps(Trap()), "application/x-python-serialize", "binary", accept=accepted)
    assert loads(dumps({"a": 1}, "json")[2], "application/json", "utf-8", accept=accepted) == {"a": 1}
