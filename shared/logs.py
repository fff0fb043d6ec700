"""Structured logs: one line an event on standard error, `key=value` or JSON, with control characters escaped."""

import logging
import re
import sys
from typing import Any

import structlog

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def configure_logging(*, as_json: bool = False, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records through one renderer."""
    key_values = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"])
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],  # type: ignore[list-item]  # Their Processor type is narrower than their own processors.
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,  # type: ignore[arg-type]  # As above.
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer() if as_json else key_values,
                _escape_controls,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def _escape_controls(_logger: Any, _method: str, line: Any) -> str:
    """Leave no character that ends a line or commands a terminal, and write them as JSON does."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", str(line))
