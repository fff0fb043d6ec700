"""The socket that the API processes share: bound by the supervisor, so that restarts refuse no connection."""

import socket

from cli.up.errors import PortTaken

BACKLOG = 2048
WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 — names that we replace in addresses for people.


def open_listener(host: str, port: int) -> socket.socket:
    """Bind and listen; port 0 takes a free one. Raises PortTaken."""
    listener: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        if listener:
            listener.close()
        raise PortTaken(
            f"Port {port} on {host} cannot be used: {error.strerror or error}. Free it, or choose another with --port."
        ) from error
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    """Return the address for people and for our own requests."""
    port = listener.getsockname()[1]
    shown = "127.0.0.1" if host in WILDCARDS else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
