"""The broker: a doorbell that says which part to look at. Losing every message in it loses no work."""

from enum import IntEnum
from typing import Any

from kombu import Connection, Exchange, Queue
from kombu.exceptions import ChannelError

from shared.models.states import JobKind, Pool
from shared.settings import Settings

EXCHANGE = Exchange("sheaf", type="direct")
CONNECT_TIMEOUT_S = 2.0
SOCKET_TIMEOUT_S = 5.0


class Lane(IntEnum):
    """How urgent a part is, or that it is a mail; each lane has a Celery queue, so that Flower tells something."""

    INTERACTIVE = 0
    NORMAL = 1
    BULK = 2
    EMAIL = 3

    @property
    def queue(self) -> str:
        return self.name.lower()

    @property
    def pool(self) -> Pool:
        return Pool.MAILERS if self is Lane.EMAIL else Pool.READERS


def lanes_of(pool: Pool) -> list[Lane]:
    return [lane for lane in Lane if lane.pool is pool]


RENDER_QUEUE = "render"
QUEUES = (*(lane.queue for lane in Lane), RENDER_QUEUE)


def task_of(kind: str) -> str:
    """Return the task by which a worker looks at a part of such a job: all do the same, and Flower shows the name."""
    return f"sheaf.{kind}"


def queue_of(kind: str, lane: Lane) -> str:
    """Return the queue of a part: extractions and mails have one a lane, and what is made on demand has its own."""
    return lane.queue if kind in (JobKind.EXTRACTION, JobKind.EMAIL) else RENDER_QUEUE


def celery_settings(settings: Settings) -> dict[str, Any]:
    """Return Celery's configuration.

    Messages are acknowledged before the work (Postgres's leases recover lost work, and holding nothing unacknowledged
    keeps Celery 5.7's worker alive when Redis restarts), nothing is prefetched beyond free slots, and there is no
    result backend.

    Over Redis the free slots alone limit what a worker takes. A prefetch count would do so as well, but it counts each
    acknowledgement that was lost with its connection as a message under way for ever: as many lost ones as slots, and
    the worker was deaf.
    """
    is_redis = settings.broker_url.startswith("redis")
    return {
        "broker_url": settings.broker_url,
        "broker_transport_options": {
            "socket_timeout": SOCKET_TIMEOUT_S,
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "visibility_timeout": 300,
        }
        if is_redis
        else {},
        "broker_connection_timeout": CONNECT_TIMEOUT_S,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "accept_content": ["json"],
        "task_serializer": "json",
        "event_serializer": "json",
        "result_backend": None,
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_publish_retry": False,
        "task_queues": [Queue(name, EXCHANGE, routing_key=name) for name in QUEUES],
        "task_default_queue": Lane.NORMAL.queue,
        "task_create_missing_queues": False,
        "task_send_sent_event": True,
        "worker_prefetch_multiplier": 0 if is_redis else 1,
        "worker_disable_prefetch": is_redis,
        "worker_send_task_events": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # A worker that came back changes its count in the middle of old acknowledgements, and hung for 3 min over AMQP.
        "worker_enable_prefetch_count_reduction": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "enable_utc": True,
    }


def ping(settings: Settings) -> None:
    """Ask the broker for a sign of life; raises whatever the transport raises."""
    with _connection(settings) as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT_S)


def queue_lengths(settings: Settings) -> dict[str, int]:
    """Return how many messages lie in each queue; raises whatever the transport raises."""
    with _connection(settings) as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT_S)
        return {name: _length(connection, name) for name in QUEUES}


def _connection(settings: Settings) -> Connection:
    options = celery_settings(settings)["broker_transport_options"]
    return Connection(settings.broker_url, connect_timeout=CONNECT_TIMEOUT_S, transport_options=options)


def _length(connection: Connection, name: str) -> int:
    """Ask in a channel of its own: a queue that is not there, as an empty one over Redis, closes it over AMQP."""
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(name, passive=True).message_count)
        except ChannelError:
            return 0
