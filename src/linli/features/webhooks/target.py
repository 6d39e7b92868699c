"""Where an event goes on the network. The address that was checked is the one used.

Addresses inside this network are refused: who may add a webhook shall not thereby reach the database, the cloud's
metadata service or a printer (SSRF).
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NEVER = [ipaddress.ip_network(n) for n in ("169.254.0.0/16", "fe80::/10", "0.0.0.0/8", "fd00:ec2::254/128", "::/128")]
"""Link-local: cloud metadata lives here; not even an intranet wants webhooks there."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(ValueError):
    """An address events may not be sent to; the text is one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was looked up and may be used. ``path`` has the query with it."""

    host: str
    ip: str
    port: int
    tls: bool
    path: str

    @property
    def named(self) -> str:
        """Host and port as the Host header wants them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def check(url: str, intranet: bool) -> None:
    """Refuse what can be refused without looking the name up. Raises Refused."""
    if len(url) > 500 or any(c <= " " or c == "\x7f" for c in url):
        raise Refused("The address is longer than 500 characters or has blanks in it.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise Refused(f"{url} is no address: {wrong}.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise Refused(f"{url} is no address; write https://host/path.")
    if parts.scheme == "http" and not intranet:
        raise Refused(f"{url} would travel in the clear; write https:// (http only with LINLI_WEBHOOK_INTRANET=yes).")
    if parts.username or parts.password:
        raise Refused("An address with a password in it ends up in logs; receivers check the signature instead.")


def find(url: str, intranet: bool) -> Target:
    """Look the host up. Raises Refused when any of its addresses is inside, OSError when there is none."""
    check(url, intranet)
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if tls else 80)
    try:
        found = socket.getaddrinfo(
            host.encode("idna").decode() if not _is_ip(host) else host, port, type=socket.SOCK_STREAM
        )
    except UnicodeError:
        raise Refused(f"{host} is no host name.") from None
    ips = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for ip in ips:
        if not allowed(ip, intranet):
            raise Refused(f"{host} is {ip}, an address inside this network; LINLI_WEBHOOK_INTRANET=yes allows those.")
    return Target(host, ips[0], port, tls, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def allowed(ip: str, intranet: bool) -> bool:
    """Whether events may be sent there; an IPv6 address that carries an IPv4 one is judged by that."""
    address: Address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return allowed(str(inner), intranet)
        if address.teredo is not None:
            return False
    if (
        address.is_multicast
        or address.is_unspecified
        or any(address.version == n.version and address in n for n in _NEVER)
    ):
        return False
    return intranet or address.is_global
