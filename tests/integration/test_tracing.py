"""Traces: what a request begins is one trace through the queue to each attempt; and nothing without being asked."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared import tracing
from shared.opentelemetry import Tracer
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, upload


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.trace_with(Tracer(SimpleSpanProcessor(exporter), service="tests"))
    yield exporter
    tracing.trace_with()


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


def uploaded_spans(client: TestClient, bench: Bench, exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    """Return what is told of one upload and of the attempt that reads it."""
    sign_in(client)
    exporter.clear()
    assert upload(client, text_pdf()).status_code == 202
    bench.run_all()
    return list(exporter.get_finished_spans())


def test_request_wait_and_attempt_are_one_trace(
    client: TestClient, bench: Bench, exporter: InMemorySpanExporter
) -> None:
    request, wait, attempt = uploaded_spans(client, bench, exporter)
    assert [span.name for span in (request, wait, attempt)] == ["createDocument", "queue", "attempt"]
    assert trace_of(request) == trace_of(wait) == trace_of(attempt)
    assert (request.attributes or {})["status"] == 202
    assert (attempt.attributes or {})["outcome"] == "succeeded"


def test_the_wait_ends_where_the_attempt_begins(
    client: TestClient, bench: Bench, exporter: InMemorySpanExporter
) -> None:
    request, wait, attempt = uploaded_spans(client, bench, exporter)
    starts = [span.start_time or 0 for span in (request, wait, attempt)]
    assert starts == sorted(starts)
    assert (attempt.start_time or 0) - (wait.start_time or 0) > 0
    assert abs((attempt.start_time or 0) - (wait.end_time or 0)) < 1e9


def test_two_requests_are_two_traces(client: TestClient, exporter: InMemorySpanExporter) -> None:
    for _ in range(2):
        client.get("/livez")
    one, other = exporter.get_finished_spans()
    assert trace_of(one) != trace_of(other)


def test_nothing_is_told_unless_the_environment_says_where_to(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    tracing.start_tracing("tests")
    assert client.get("/livez").status_code == 200
    tracing.tell_wait(UUID(int=0), "a request")
    assert tracing._tracers == []  # noqa: SLF001 — nothing else shows that nothing happens.
