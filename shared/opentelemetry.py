"""OpenTelemetry's side of traces; only `shared/tracing.py` imports it, where the packages of the extra `otel` are."""

import hashlib
from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


class Tracer:
    """Tells of spans when they are over."""

    def __init__(self, processor: SpanProcessor, *, service: str) -> None:
        """Name the process as which it tells."""
        provider = TracerProvider(resource=Resource.create({"service.name": service}))
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("sheaf")

    def tell(self, name: str, request_id: str, *, began_ns: int, attributes: Mapping[str, Any]) -> None:
        span = self._tracer.start_span(name, _trace_of(request_id), attributes=attributes, start_time=began_ns)
        span.end()


def sending_tracer(service: str) -> Tracer:
    """Return one that sends what it is told where the variables of OpenTelemetry say."""
    return Tracer(BatchSpanProcessor(OTLPSpanExporter()), service=service)


def _trace_of(request_id: str) -> Context:
    """Return the trace of a request: its id is made of that of the request, and so is a parent that nobody tells of."""
    digest = hashlib.sha256(request_id.encode()).digest()
    parent = trace.SpanContext(
        trace_id=int.from_bytes(digest[:16]),
        span_id=int.from_bytes(digest[16:24]),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
