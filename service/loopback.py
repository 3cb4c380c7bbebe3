"""The one definition of loopback: where a server may bind, which Host it answers to, and what a client asks without
a proxy.
"""

from __future__ import annotations

import ipaddress

NAME = "localhost"


def is_loopback(host: str) -> bool:
    """Return whether an address or name reaches only programs on this machine. An IPv6 address may have brackets.

    These are `localhost`, all of 127.0.0.0/8 and ::1, also as IPv4-mapped addresses.
    """
    if host.lower() == NAME:
        return True
    try:
        address = ipaddress.ip_address(bare(host))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def bare(host: str) -> str:
    """Return a host without the brackets that an IPv6 address has in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host
