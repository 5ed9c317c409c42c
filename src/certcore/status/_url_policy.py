"""Which addresses may be asked, as pure code, and the error for a missing answer.

It has rules that keep a list from sending its readers to private addresses. `certcore._urls` says which URLs may be
used at all, and `_wire` resolves names and connects under these rules.

*All* addresses of a name are checked, and the connection goes to an address that was checked. So a name that resolves
differently the second time cannot avoid the check.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final

from certcore import _urls
from certcore._urls import MAX_URL_CHARACTERS, is_loopback_host, literal_address
from certcore.errors import StatusError

CAUSES: Final = frozenset(
    {
        *(
            "address",
            "busy",
            "connect",
            "dns",
            "encoding",
            "missing-credentials",
            "network",
            "no-endpoint",
            "no-list",
            "protocol",
        ),
        *("query", "redirect", "timeout", "tls", "too-large", "transport", "type", "url"),
        *(f"http-{status}" for status in ("206", "304", "401", "403", "404", "410", "429", "2xx", "4xx", "5xx", "xxx")),
    }
)
"""Why the network gave no answer. What each means, and what to do next, stands in ``reasons/causes.toml``."""

_EMBEDDING: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
"""Where the last 32 bits are an IPv4 address: NAT64 (RFC 6052, RFC 8215), IPv4-compatible addresses (RFC 4291), and
IPv4-translated ones (RFC 2765)."""

_LOCAL: Final = tuple(map(IPv6Network, ("64:ff9b:1::/48", "fec0::/10")))
"""Of one's own network, which not every Python's standard library says: NAT64 of a network's own, and site-local
addresses (RFC 3879)."""


def unavailable(cause: str, message: str, /, *, retry_after_s: float | None = None, **detail: str | int) -> StatusError:
    """The network gave no answer: it means neither valid nor revoked."""
    return StatusError("status-unavailable", message, retry_after_s=retry_after_s, cause=cause, **detail)


def check_url(url: str, /) -> None:
    """Return when a URL may be fetched, by the rules of `certcore._urls`.

    Whether its host leads into a private network only its addresses tell: `check_address`.

    Raises:
        StatusError: ``status-unavailable`` with the cause ``url``.
    """
    try:
        _urls.parse(url, max_characters=MAX_URL_CHARACTERS)
    except ValueError as cause:
        raise unavailable("url", str(cause)) from cause


# --- 2 to whom --------------------------------------------------------------------------------------------------------


def check_address(address: str, /, *, host: str, allow_private: bool) -> None:
    """Return when an address that a host resolved to may be connected to.

    Loopback only where the URL says so itself, whatever is allowed; private, link-local and other addresses that are
    not of the open internet only where allowed; those embedded in IPv6 count as what they stand for.

    Raises:
        StatusError: ``status-unavailable`` with the cause ``address``.
    """
    written = literal_address(address.partition("%")[0])
    if written is not None:
        found = _embedded_address(written)
        is_open = found.is_global and not any(written in network for network in _LOCAL)
        is_meant = found.is_loopback == is_loopback_host(host) and (found.is_loopback or allow_private or is_open)
        if is_meant and not (found.is_multicast or found.is_unspecified):
            return
    raise unavailable("address", "The host leads to an address that is not asked")


def _embedded_address(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, if it does (`_EMBEDDING`; RFC 4291, RFC 3056, RFC 4380)."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    if any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
