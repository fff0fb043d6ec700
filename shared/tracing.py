"""Traces: a request, its wait in the queue and the attempts of workers, told to OpenTelemetry where that is wanted.

A trace is known by the id of its request. Jobs carry that id anyway, so nothing else has to travel with them.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

if TYPE_CHECKING:
    from shared.opentelemetry import Tracer

NS_PER_MS = 1_000_000
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
log = structlog.get_logger(__name__)
_tracers: list["Tracer"] = []  # The one of this process, if it has one.


def start_tracing(service: str) -> None:
    """Tell what this process does, if the environment says where to and the packages are there."""
    if not os.environ.get(ENDPOINT):
        return
    try:
        from shared.opentelemetry import sending_tracer  # noqa: PLC0415 — its packages are optional.
    except ImportError as error:
        log.warning("no traces are sent", error=str(error), advice="install the packages of the extra otel")
    else:
        trace_with(sending_tracer(service))


def trace_with(*tracers: "Tracer") -> None:
    _tracers[:] = tracers


@contextmanager
def span(name: str, request_id: str | None, **attributes: Any) -> Iterator[dict[str, Any]]:
    """Tell of what is done meanwhile, with its attributes as they are at the end; `name` among them renames it."""
    began = time.time_ns()
    try:
        yield attributes
    finally:
        _tell(name, request_id, began, attributes)


def tell_wait(part_id: UUID, request_id: str | None) -> None:
    """Tell that a part has waited until now, since the time in its id, a UUIDv7 that begins with it (RFC 9562)."""
    _tell("queue", request_id, (part_id.int >> 80) * NS_PER_MS, {"part": str(part_id)})


def _tell(name: str, request_id: str | None, began: int, attributes: dict[str, Any]) -> None:
    if request_id is not None:
        for tracer in _tracers:
            tracer.tell(attributes.pop("name", name), request_id, began_ns=began, attributes=attributes)
