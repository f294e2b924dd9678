"""Where a callback may go: not into the network that the server stands in (OWASP's SSRF cheat sheet)."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from contract.errors import InvalidRequest

#: What IANA has given out of IPv6 for the public internet; wrapped IPv4 addresses are elsewhere.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
#: Where clouds answer their machines, on addresses that look public: Azure's, Oracle's.
CLOUDS = (ipaddress.ip_network("168.63.129.16/32"), ipaddress.ip_network("192.0.0.0/24"))
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL with the addresses that were checked; to resolve the name again would be to trust it again."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def resolve(url: str, *, allow_private: bool) -> Target:
    """Raises InvalidRequest for a URL that is not one of http(s), or that leads to an address that is not public."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise _unfit("a URL of printable ASCII without spaces, all else percent-encoded", url)
    try:
        parts = urlsplit(url)
        usual = PORTS[parts.scheme]
        port = parts.port or usual
    except (ValueError, KeyError):
        raise _unfit("a URL of http or https, with a port up to 65535 if it names one", url) from None
    if not parts.hostname or parts.username is not None:
        raise _unfit("a URL with a host and no user name", url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    addresses = _addresses(parts.hostname, port, allow_private=allow_private)
    return Target(scheme=parts.scheme, host=parts.hostname, port=port, path=path, addresses=addresses)


def _unfit(expected: str, url: str) -> InvalidRequest:
    return InvalidRequest(f"callback_url: expected {expected}, found {url!r}")


def _addresses(host: str, port: int, *, allow_private: bool) -> tuple[str, ...]:
    """Those of the host, in the order in which they should be tried."""
    try:
        found = tuple(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        raise InvalidRequest(f"callback_url: the host {host!r} has no address") from None
    if not allow_private and not all(is_public(each) for each in found):
        raise InvalidRequest(f"callback_url: the host {host!r} has an address that is not public")
    return found


def is_public(text: str) -> bool:
    """Whether an address is on the public internet, and none that merely wraps one that is not."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(str(address.ipv4_mapped))
        if address not in GLOBAL_UNICAST or address.sixtofour or address.teredo:
            return False
    return address.is_global and not address.is_multicast and not any(address in each for each in CLOUDS)
