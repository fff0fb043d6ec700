"""Runs one API process: `python -m api`, on HOST and PORT or on a socket that its parent opened."""

import os
from collections.abc import Mapping
from typing import Any

import uvicorn

from api.app import create_app
from shared.logs import configure_logging
from shared.settings import get_settings
from shared.tracing import start_tracing

FIRST_INHERITED_FD = 3  # systemd's socket activation: sd_listen_fds(3).
SHUTDOWN_GRACE_S = 5
MAX_FRAME_BYTES = 64 * 1024


OPTIONS: Mapping[str, Any] = {
    "log_config": None,
    "workers": 1,  # uvicorn would take WEB_CONCURRENCY itself, and its workers outlive a killed parent.
    "server_header": False,
    "proxy_headers": False,
    "ws_max_size": MAX_FRAME_BYTES,
    "ws_per_message_deflate": False,  # Its buffers cost each connection more memory than all else together.
    "timeout_graceful_shutdown": SHUTDOWN_GRACE_S,
}


def main() -> None:
    settings = get_settings()
    configure_logging(as_json=settings.logs_json)
    start_tracing("sheaf-api")
    inherited = os.environ.pop("LISTEN_FDS", None)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        fd=FIRST_INHERITED_FD if inherited else None,
        **OPTIONS,
    )


if __name__ == "__main__":
    main()
