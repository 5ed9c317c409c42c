"""What a server can do wrong, and what each comes to: a reply, the code, and the cause where the network is at it."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from certcore.status.tokenlist import STATUS_LIST_TYPE
from tests.status.fault_server import Reply, dripping, raw
from tests.status.http_cases import DAY, MINUTE, NOW, OTHER_SIGNER, cwt, signed_events, signed_list


def gzip_bomb(uri: str) -> Reply:
    """A good list, and 40 MB behind it, in a few kilobytes."""
    body = gzip.compress(signed_list(uri) + bytes(40 << 20))
    return cwt(body, **{"Content-Encoding": "gzip"})


def _endless(_: str) -> Reply:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STATUS_LIST_TYPE}\r\n\r\n".encode()
    return Reply(raw=dripping(head, bytes(1 << 20), pause_s=0.0))


def _slow(_: str) -> Reply:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STATUS_LIST_TYPE}\r\nContent-Length: 400\r\n\r\n".encode()
    return Reply(raw=dripping(head, b"\xd2", pause_s=0.05))


def _slow_head(_: str) -> Reply:
    return Reply(raw=dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x", pause_s=0.05))


def _cut_off(uri: str) -> Reply:
    body = signed_list(uri)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STATUS_LIST_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return Reply(raw=raw(head + body[: len(body) // 2]))


def _cut_off_without_length(uri: str) -> Reply:
    body = signed_list(uri)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STATUS_LIST_TYPE}\r\n\r\n".encode()
    return Reply(raw=raw(head + body[: len(body) // 2]))


def _too_short_a_length(uri: str) -> Reply:
    return cwt(signed_list(uri), **{"Content-Length": "20"})


FAULTS: dict[str, tuple[Callable[[str], Reply], str, str | None]] = {
    "404": (lambda _: Reply(status=404), "status-unavailable", "http-404"),
    "410": (lambda _: Reply(status=410), "status-unavailable", "http-410"),
    "401": (lambda _: Reply(status=401), "status-unavailable", "http-401"),
    "418": (lambda _: Reply(status=418), "status-unavailable", "http-4xx"),
    "429": (lambda _: Reply(status=429), "status-unavailable", "http-429"),
    "500": (lambda _: Reply(status=500), "status-unavailable", "http-5xx"),
    "503": (lambda _: Reply(status=503), "status-unavailable", "http-5xx"),
    "204": (lambda _: Reply(status=204), "status-unavailable", "http-2xx"),
    "206": (lambda uri: Reply(status=206, body=signed_list(uri)), "status-unavailable", "http-206"),
    "304 without a copy": (lambda _: Reply(status=304), "status-unavailable", "http-304"),
    "slow drip": (_slow, "status-unavailable", "timeout"),
    "slow head": (_slow_head, "status-unavailable", "timeout"),
    "silent": (lambda _: Reply(delay_s=30.0), "status-unavailable", "timeout"),
    "endless body": (_endless, "status-unavailable", "too-large"),
    "stated too large": (lambda _: cwt(b"", **{"Content-Length": str(10**12)}), "status-unavailable", "too-large"),
    "too short a length": (_too_short_a_length, "status-list-malformed", None),
    "cut off": (_cut_off, "status-unavailable", "protocol"),
    "cut off without length": (_cut_off_without_length, "status-list-malformed", None),
    "not HTTP": (lambda _: Reply(raw=raw(b"SSH-2.0-x\r\n")), "status-unavailable", "protocol"),
    "hangs up": (lambda _: Reply(raw=raw(b"")), "status-unavailable", "protocol"),
    "gzip bomb": (gzip_bomb, "status-unavailable", "encoding"),
    "brotli": (lambda uri: cwt(signed_list(uri), **{"Content-Encoding": "br"}), "status-unavailable", "encoding"),
    "encoded twice": (
        lambda uri: cwt(gzip.compress(gzip.compress(signed_list(uri))), **{"Content-Encoding": "gzip, gzip"}),
        "status-unavailable",
        "encoding",
    ),
    "HTML": (
        lambda _: Reply(headers={"Content-Type": "text/html"}, body=b"<h1>Welcome</h1>"),
        "status-unavailable",
        "type",
    ),
    "no type": (lambda uri: Reply(body=signed_list(uri)), "status-unavailable", "type"),
    "garbage": (lambda _: cwt(b"\x00" * 100), "status-list-malformed", None),
    "empty": (lambda _: cwt(b""), "status-list-malformed", None),
    "wrong typ": (lambda uri: cwt(signed_events(uri)), "status-list-type", None),
    "wrong sub": (lambda uri: cwt(signed_list(uri + "0")), "status-list-subject", None),
    "another issuer's key": (lambda uri: cwt(signed_list(uri, signer=OTHER_SIGNER)), "status-list-signature", None),
    "expired": (
        lambda uri: cwt(signed_list(uri, issued_at=NOW - DAY, expires_at=NOW - MINUTE)),
        "status-list-expired",
        None,
    ),
    "future": (lambda uri: cwt(signed_list(uri, issued_at=NOW + 10 * MINUTE)), "status-list-future", None),
    "older than before": (lambda uri: cwt(signed_list(uri, issued_at=NOW - DAY)), "status-list-rollback", None),
}
