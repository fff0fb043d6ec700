"""Where a request comes from: the address that limits count, and the connection that it came over."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.resources import Shared
from shared.settings import Settings

MAX_USER_AGENT_LENGTH = 300
UNKNOWN = "unknown"
HOME_NETWORK_BITS = 64  # What one subscriber gets of IPv6 (RFC 6177), to use as many addresses of as it likes.


@dataclass(frozen=True)
class Caller:
    """`connection` is None where several clients may share one, as behind a proxy."""

    address: str
    connection: str | None
    user_agent: str

    @property
    def network(self) -> str:
        """What limits by address count: the IPv4 address, or the /64 of an IPv6 address."""
        try:
            address = ip_address(self.address)
        except ValueError:
            return self.address
        if isinstance(address, IPv6Address):
            home = IPv6Address(int(address) >> HOME_NETWORK_BITS << HOME_NETWORK_BITS)
            return str(address.ipv4_mapped or home)
        return str(address)


def caller_of(request: HTTPConnection, settings: Settings) -> Caller:
    """Return who called; `X-Forwarded-For` counts only as far as TRUSTED_PROXIES wrote it."""
    agent = request.headers.get("user-agent", "")[:MAX_USER_AGENT_LENGTH].replace("\0", "")
    if request.client is None:
        return Caller(UNKNOWN, None, agent)
    peer = request.client.host
    if not _is_trusted(peer, settings):
        return Caller(peer, f"{peer} {request.client.port}", agent)
    hops = [hop.strip() for hop in ",".join(request.headers.getlist("x-forwarded-for")).split(",") if hop.strip()]
    first_stranger = next((hop for hop in reversed(hops) if not _is_trusted(hop, settings)), peer)
    return Caller(first_stranger if _is_address(first_stranger) else peer, None, agent)


def _is_trusted(host: str, settings: Settings) -> bool:
    return _is_address(host) and any(ip_address(host) in network for network in settings.trusted_proxies)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _caller(request: HTTPConnection, resources: Shared) -> Caller:
    return caller_of(request, resources.settings)


CalledBy = Annotated[Caller, Depends(_caller)]
