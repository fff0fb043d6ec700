"""Runs one API process: `python -m api`, on HOST and PORT or on a socket that its parent opened."""

import os

import uvicorn

from api.app import create_app
from shared.logs import configure_logging
from shared.settings import get_settings

FIRST_INHERITED_FD = 3  # systemd's socket activation: sd_listen_fds(3).
SHUTDOWN_GRACE_S = 5


def main() -> None:
    settings = get_settings()
    configure_logging()
    inherited = os.environ.pop("LISTEN_FDS", None)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        fd=FIRST_INHERITED_FD if inherited else None,
        log_config=None,
        workers=1,  # uvicorn would take WEB_CONCURRENCY itself, and its workers outlive a killed parent.
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
    )


if __name__ == "__main__":
    main()
