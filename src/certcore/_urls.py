"""Which URLs certcore accepts: one rule for trust lists, certificates and backends.

Allowed is https, or http on loopback by name or literal address (a register on the same machine, or a test), without
parts that two parsers may read differently. The addresses of a host are checked elsewhere.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

import attrs

MAX_STATED_URL_CHARACTERS: Final = 512
"""Characters of a URL in a signed document."""

MAX_URL_CHARACTERS: Final = 1024
"""Characters of a URL that is fetched: one that was stated, and what is asked there."""

_HOST_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_NEVER_IN_A_URL: Final = frozenset(' \\@?#"<>^`|{}')


@attrs.frozen
class Location:
    """Where a URL leads: its scheme, host and port, and the path there."""

    origin: tuple[str, str, int | None]
    path: str


def parse(url: str, /, *, max_characters: int = MAX_STATED_URL_CHARACTERS) -> Location:
    """The parts of a URL, if it may be followed.

    Raises:
        ValueError: for another scheme, http beyond loopback, a user, a query, a fragment, dot segments, escaped dots
            and slashes, an address in an unusual form, port 0 or an empty one, and for what is longer or no URL at all.
    """
    if type(url) is not str or not 1 <= len(url) <= max_characters or not (url.isascii() and url.isprintable()):
        msg = f"a URI is 1 to {max_characters} printable ASCII characters"
        raise ValueError(msg)
    if not _NEVER_IN_A_URL.isdisjoint(url):
        msg = "a URI holds no user, query or fragment, nor what is never in one"
        raise ValueError(msg)
    parts = urlsplit(url)
    host, port, path = parts.hostname, parts.port, parts.path
    escaped = path.lower()
    if "//" in path or "%2e" in escaped or "%2f" in escaped or not {".", ".."}.isdisjoint(path.split("/")):
        msg = "a path holds no dot segments and no escaped slashes"
        raise ValueError(msg)
    if not host or not _is_usual_host(host) or port == 0 or parts.netloc.endswith(":"):
        msg = "a URI's host is a name, or an address in its usual form, and its port is not 0"
        raise ValueError(msg)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(host)):
        msg = "a URI is https, and http on loopback alone"
        raise ValueError(msg)
    return Location((parts.scheme, host, port), path)


def is_loopback_host(host: str, /) -> bool:
    """Whether a host is loopback by what it is called, whatever it may lead to."""
    address = literal_address(host)
    return host == "localhost" if address is None else address.is_loopback


def literal_address(host: str, /) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_usual_host(host: str) -> bool:
    """Whether a host is an address as usual or a name; none that a resolver might take for one: 2130706433, 0x7f.1."""
    if literal_address(host) is not None:
        return "%" not in host
    last = host.rstrip(".").rpartition(".")[2]
    return _HOST_NAME.fullmatch(host) is not None and not (last.isdigit() or last.startswith("0x"))
