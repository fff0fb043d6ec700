"""The broker: a doorbell that says which part to look at. Losing every message in it loses no work."""

from enum import IntEnum
from typing import Any

from kombu import Connection, Exchange, Queue

from shared.settings import Settings

LOOK_AT_PART = "sheaf.look_at_part"
EXCHANGE = Exchange("sheaf", type="direct")
CONNECT_TIMEOUT_S = 2.0
SOCKET_TIMEOUT_S = 5.0


class Lane(IntEnum):
    """How urgent a part is; each lane has a Celery queue, so that Flower tells something."""

    INTERACTIVE = 0
    NORMAL = 1
    BULK = 2

    @property
    def queue(self) -> str:
        return self.name.lower()


def celery_settings(settings: Settings) -> dict[str, Any]:
    """Return Celery's configuration.

    Messages are acknowledged before the work (Postgres's leases recover lost work, and holding nothing unacknowledged
    keeps Celery 5.7's worker alive when Redis restarts), nothing is prefetched beyond free slots, and there is no
    result backend.
    """
    return {
        "broker_url": settings.broker_url,
        "broker_transport_options": {
            "socket_timeout": SOCKET_TIMEOUT_S,
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "visibility_timeout": 300,
        }
        if settings.broker_url.startswith("redis")
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
        "task_queues": [Queue(lane.queue, EXCHANGE, routing_key=lane.queue) for lane in Lane],
        "task_default_queue": Lane.NORMAL.queue,
        "task_create_missing_queues": False,
        "task_send_sent_event": True,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": settings.broker_url.startswith("redis"),
        "worker_send_task_events": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "enable_utc": True,
    }


def ping(settings: Settings) -> None:
    """Ask the broker for a sign of life; raises whatever the transport raises."""
    options = celery_settings(settings)["broker_transport_options"]
    with Connection(settings.broker_url, connect_timeout=CONNECT_TIMEOUT_S, transport_options=options) as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT_S)
