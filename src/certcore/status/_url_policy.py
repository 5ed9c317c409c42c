"""Who may be asked, as pure code: URLs, addresses, and how it is said that nobody answered.

What lives here: rules against being sent where a list's reader has no business (ATTACKS rows 79 and 80). What never
does: resolving and connecting, which `_wire` does by these rules.

A URL is https, or http where it names loopback itself: a register on the same machine, or a test. A name is judged by
*all* the addresses that it resolves to, and connected to at one that was judged: a name that resolves differently the
second time gains nothing.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from certcore.errors import StatusError

CAUSES: Final = frozenset(
    {
        "address",  # the name leads to an address that must not be asked
        "connect",  # no connection
        "dns",  # no address
        "encoding",  # an answer in another encoding than the identity
        "missing-credentials",  # they do not travel with a pickled backend
        "network",  # the connection broke
        "no-endpoint",  # nobody is configured to be asked for that country
        "no-list",  # the certificate's issuer has no list to look in
        "protocol",  # no proper HTTP, or cut off
        "query",  # no request can hold what is asked
        "redirect",
        "timeout",
        "tls",
        "too-large",
        "transport",  # an injected transport raised what it should not
        "type",  # another Content-Type than asked for: a captive portal, say
        "url",  # not one that may be fetched
        *(f"http-{status}" for status in ("206", "304", "401", "403", "404", "410", "429", "2xx", "4xx", "5xx", "xxx")),
    }
)
"""Why the network gave no answer, for operations."""

MAX_URL_CHARACTERS: Final = 1024

_NAT64: Final = IPv6Network("64:ff9b::/96")


def unavailable(cause: str, message: str, /, *, retry_after_s: float | None = None, **detail: str | int) -> StatusError:
    """The network gave no answer: it means neither valid nor revoked."""
    return StatusError("status-unavailable", message, retry_after_s=retry_after_s, cause=cause, **detail)


def check_url(url: str, /) -> None:
    """Return when a URL may be fetched: https, or http on literal loopback; no user, query, fragment or dot segments.

    Whether its host leads into a private network only its addresses tell: `check_address`.

    Raises:
        StatusError: ``status-unavailable`` with the cause ``url``.
    """
    if not 1 <= len(url) <= MAX_URL_CHARACTERS or not (url.isascii() and url.isprintable()):
        raise unavailable("url", "A URL is printable ASCII, and short")
    if any(character in url for character in ' \\@?#"<>^`|{}'):
        raise unavailable("url", "A URL holds no user, query or fragment, nor what is never in one")
    try:
        parts = urlsplit(url)
        host, port, path = parts.hostname, parts.port, parts.path
    except ValueError as cause:
        raise unavailable("url", "The URL cannot be read") from cause
    escaped = path.lower()
    if "//" in path or "%2e" in escaped or "%2f" in escaped or not {".", ".."}.isdisjoint(path.split("/")):
        raise unavailable("url", "A path holds no dot segments and no escaped slashes")
    if not host or port == 0 or parts.netloc.endswith(":") or _is_disguised_address(host):
        raise unavailable("url", "The URL's host is not a name, nor an address in its usual form")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(host)):
        raise unavailable("url", "A URL is https, and http on loopback alone")


def is_loopback_host(host: str, /) -> bool:
    """Whether a host is loopback by what it is called, whatever it may lead to."""
    address = _literal(host)
    return host == "localhost" if address is None else address.is_loopback


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_disguised_address(host: str) -> bool:
    """Whether a resolver might read the host as an IPv4 address that it does not look like: 2130706433, 0x7f.1."""
    last = host.rstrip(".").rpartition(".")[2]
    return _literal(host) is None and (last.isdigit() or last.startswith("0x") or not last or ":" in host)


# --- 2 to whom --------------------------------------------------------------------------------------------------------


def check_address(address: str, /, *, host: str, allow_private: bool) -> None:
    """Return when an address that a host resolved to may be connected to.

    Loopback only where the URL says so itself; private, link-local and other addresses that are not of the open
    internet only where allowed; those embedded in IPv6 count as what they stand for.

    Raises:
        StatusError: ``status-unavailable`` with the cause ``address``.
    """
    found = _literal(address.partition("%")[0])
    if found is not None:
        found = _embedded(found)
        allowed = found.is_loopback if is_loopback_host(host) else (allow_private or found.is_global)
        if allowed and not (found.is_multicast or found.is_unspecified):
            return
    raise unavailable("address", "The host leads to an address that is not asked")


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, if it does (RFC 4291, RFC 6052, RFC 3056)."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
