"""Where the product may send to: not into its own network, unless the settings name the place.

Who may enter an address could else have the server ask what only the server can reach: a database
beside it, or the metadata of a cloud (server-side request forgery).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Addresses of IPv6 that carry one of IPv4 to where a translator sends it.
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")


@dataclass(frozen=True)
class AllowedTargets:
    """Hosts and networks that may be sent to though they are private, and without TLS."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def names(self, host: str, address: Address) -> bool:
        """Whether the settings name the host, or a network that the address lies in."""
        if host.lower() in self.hosts:
            return True
        plain = unwrapped(address)
        return any(plain in network for network in self.networks)

    def permits(self, scheme: str, host: str, address: Address) -> bool:
        """Whether a message may be sent there."""
        if self.names(host, address):
            return True
        return scheme == "https" and is_public(address)


def parse_targets(text: str) -> AllowedTargets:
    """Hosts, addresses and networks, separated by commas; raises `ValueError` with the item."""
    hosts: set[str] = set()
    networks: list[Network] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        if "/" in item or _is_address(item):
            networks.append(ip_network(item))
        elif item.replace("-", "").replace(".", "").replace("_", "").isalnum():
            hosts.add(item.lower())
        else:
            raise ValueError(f"{item!r} is neither a host, nor an address, nor a network")
    return AllowedTargets(frozenset(hosts), tuple(networks))


def is_public(address: Address) -> bool:
    """Whether an address is of the open internet, and of one machine."""
    plain = unwrapped(address)
    if plain in _NAT64_LOCAL:
        return False
    if isinstance(plain, IPv6Address) and plain.is_site_local:
        return False
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def unwrapped(address: Address) -> Address:
    """The address of IPv4 that one of IPv6 stands for, if it does."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def permitted(
    allowed: AllowedTargets, scheme: str, host: str, found: Iterable[str]
) -> list[Address]:
    """Those of a host's addresses that may be sent to, in their order."""
    # A zone (fe80::1%eth0) is of the link, which is never public.
    addresses = [ip_address(text.partition("%")[0]) for text in found]
    return [item for item in addresses if allowed.permits(scheme, host, item)]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
