"""Where a webhook may go: the address is looked up, judged, and then that very address is dialled.

Rule: no name is resolved twice for one connection, so a name that changes its mind between the check and the
dial (DNS rebinding) leads nowhere. An IPv4 address wrapped in an IPv6 one is judged by what is inside.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import trio

LOOK_UP_S: Final = 1.5
"""A name server slower than this is passed over for the addresses that were known last."""
TRIED: Final = 3
"""Addresses of one name that an attempt may try."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


class Unreachable(Exception):
    """There is no address to send to. The message says what to do."""


class Destination:
    """A host and the addresses that it may be reached at."""

    def __init__(self, host: str, port: int, *, allow_private: bool) -> None:
        self._host = host
        self._port = port
        self._allow_private = allow_private
        self._known: list[str] = []
        self._limiter = trio.CapacityLimiter(2)
        """Of its own: a name server that hangs takes no threads from anyone else."""

    async def addresses(self) -> list[str]:
        """Return the addresses to try, in order. Raises Unreachable."""
        found = await self._look_up()
        allowed = [address for address in found if permitted(address, allow_private=self._allow_private)]
        if found and not allowed:
            raise Unreachable(self._refusal(found[0]))
        if not allowed and not self._known:
            raise Unreachable(f"the name {self._host!r} cannot be resolved; check the url and the name server")
        self._known = allowed[:TRIED] or self._known
        return self._known

    async def _look_up(self) -> list[str]:
        """Return what the name stands for; nothing if nobody says so in time."""
        if is_address(self._host):
            return [self._host]
        with trio.move_on_after(LOOK_UP_S):
            try:
                found = await trio.to_thread.run_sync(
                    resolve, self._host, self._port, abandon_on_cancel=True, limiter=self._limiter
                )
            except (OSError, UnicodeError):
                return []
            return found
        return []

    def _refusal(self, address: str) -> str:
        if self._allow_private:
            return f"{self._host} is at {address}: link-local and multicast addresses are never sent to"
        return (
            f"{self._host} is at {address}, which is not a public address; if this endpoint is meant to be on "
            "your own network, set allow_private = true"
        )


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, each once, in the resolver's order. Blocks; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_address(host: str) -> bool:
    """Tell whether the host is an address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def permitted(address: str, *, allow_private: bool) -> bool:
    """Tell whether an address may be sent to. Link-local (where clouds keep their secrets) and multicast never."""
    inner = _unwrapped(ip_address(address))
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        return False
    return allow_private or (inner.is_global and not inner.is_reserved)


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
