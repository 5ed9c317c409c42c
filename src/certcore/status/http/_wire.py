"""Connections, and nothing else: a `Request` goes out and an `Answer` comes back, or a `StatusError` says why not.

With `http`, the only code in the package that opens a connection. It does not decide what to ask, or whether an answer
is good.

httpx2's requests and responses, so that any of its transports can be injected; without its client, and so without
what a client brings along: redirects, cookies, netrc, proxies from the environment, decoding of bodies. What the
transport here adds to httpx2's own:

- a name is resolved once, all its addresses are judged (`_url_policy.check_address`), and the connection goes to one
  that was judged; TLS still checks the certificate for the name;
- one deadline holds for name, connection, TLS, request and answer together, for single bytes that drip in, too.

An injected transport resolves, connects and waits as it likes: addresses are not judged, and the deadline is looked at
between the pieces of a body only (async: always). The same holds with ``trust_env=True`` or a ``proxy``, which
may do the connecting.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from time import monotonic
from typing import Any, Final

import attrs
import httpcore2
import httpx2

from certcore._urls import is_loopback_host
from certcore.errors import StatusError
from certcore.status._url_policy import check_address, check_url, unavailable
from certcore.status.http._fetch import Answer, Request
from certcore.status.http._intake import Body, Intake
from certcore.status.http._workers import Workers

_OK: Final = 200
_USER_AGENT: Final = "certcore"
_KEPT_HEADERS: Final = ("content-encoding", "content-type", "etag", "retry-after")
_MAX_CONNECTIONS: Final = 16
_KEEPALIVE_S: Final = 15.0

_DEADLINE: ContextVar[float | None] = ContextVar("certcore_deadline", default=None)
"""When the request of this thread must be over, on the monotonic clock: connections outlive requests, so the streams
look it up."""

_ALONE: Final = 64 << 20
"""Bytes that one answer may have, whoever asks for it."""

_RESOLVERS: Final = Workers("certcore-resolve", most=64)
"""Who asks for names. Not the loop's own threads: names that take long would leave none for others."""

_SOCKET_OPTION = httpcore2.SOCKET_OPTION


@attrs.frozen(kw_only=True)
class ConnectionSettings:
    """How connections are made.

    Attributes:
        allow_private: whether names may lead into private networks.
        trust_env: whether the environment's proxies, netrc and certificate files count.
        ca_file: the authorities that are trusted instead of the system's, PEM.
        proxy: the URL of a proxy that does the connecting.
        client_certificate: files of the client's certificate chain and its private key, PEM.
    """

    allow_private: bool = False
    trust_env: bool = False
    ca_file: Path | None = None
    proxy: str | None = attrs.field(default=None, repr=False)
    client_certificate: tuple[str, str] | None = attrs.field(default=None, repr=False)

    @property
    def is_proxied(self) -> bool:
        """Whether somebody else may do the connecting."""
        return self.trust_env or self.proxy is not None

    def context(self) -> ssl.SSLContext:
        """TLS as configured.

        Raises:
            StatusError: ``status-unavailable`` with the cause ``tls``; a file cannot be read.
        """
        try:
            if self.ca_file is None:
                context = httpx2.create_ssl_context(trust_env=self.trust_env)
            else:
                context = ssl.create_default_context(cafile=self.ca_file)
            if self.client_certificate is not None:
                context.load_cert_chain(*self.client_certificate)
        except OSError as cause:  # ssl.SSLError is one
            raise unavailable("tls", "The certificate files cannot be read") from cause
        return context

    def client_settings(self) -> dict[str, Any]:
        """For a client that goes through a proxy."""
        return {
            "trust_env": self.trust_env,
            "proxy": self.proxy,
            "verify": self.context(),
            "cookies": _no_cookies(),
        }


class Wire:
    """Sends requests, one per thread at a time, over connections that are kept for a while."""

    def __init__(
        self,
        connection: ConnectionSettings,
        /,
        *,
        transport: Any = None,  # noqa: ANN401  an httpx2 transport: a third party's type
        intake: Intake | None = None,
    ) -> None:
        self._intake = Intake(_ALONE) if intake is None else intake
        self._client: httpx2.Client | None = None
        if transport is None and connection.is_proxied:
            self._client = httpx2.Client(**connection.client_settings())
        self._transport = transport if transport is not None or self._client else _GuardedTransport(connection)

    def send(self, request: Request, *, seconds: float) -> Answer:
        """The answer, within so many seconds.

        Raises:
            StatusError: ``status-unavailable``.
        """
        _check_target(request.url)
        end = monotonic() + seconds
        token = _DEADLINE.set(end)
        try:
            outgoing = _build_request(request, seconds)
            if self._client is not None:
                response = self._client.send(outgoing, stream=True, follow_redirects=False)
            else:
                response = self._transport.handle_request(outgoing)
            body = self._intake.begin(request.max_bytes)
            try:
                _read(response, body, end)
                return _to_answer(response, body)
            except BaseException:
                body.drop()
                raise
            finally:
                response.close()
        except StatusError:
            raise
        except Exception as cause:  # whatever httpx2 or an injected transport raises
            raise _to_status_error(cause) from cause
        finally:
            _DEADLINE.reset(token)

    def leave(self) -> None:
        """In a forked child: close its copies of its parent's sockets, of which the parent hears nothing."""
        if isinstance(self._transport, _GuardedTransport):
            self._transport.leave()

    def close(self) -> None:
        """Close the connections; an injected transport is its owner's to close."""
        if self._client is not None:
            self._client.close()
        elif isinstance(self._transport, _GuardedTransport):
            self._transport.close()


class AsyncWire:
    """As `Wire`, for one event loop."""

    def __init__(
        self,
        connection: ConnectionSettings,
        /,
        *,
        transport: Any = None,  # noqa: ANN401  as above
        intake: Intake | None = None,
    ) -> None:
        self._intake = Intake(_ALONE) if intake is None else intake
        self._client: httpx2.AsyncClient | None = None
        if transport is None and connection.is_proxied:
            self._client = httpx2.AsyncClient(**connection.client_settings())
        self._transport = transport if transport is not None or self._client else _AsyncGuardedTransport(connection)

    async def send(self, request: Request, *, seconds: float) -> Answer:
        """The answer, within so many seconds; raises as `Wire.send`."""
        _check_target(request.url)
        try:
            async with asyncio.timeout(seconds):
                return await self._send(request, seconds)
        except StatusError:
            raise
        except Exception as cause:  # as above
            raise _to_status_error(cause) from cause

    async def _send(self, request: Request, seconds: float) -> Answer:
        outgoing = _build_request(request, seconds)
        if self._client is not None:
            response = await self._client.send(outgoing, stream=True, follow_redirects=False)
        else:
            response = await self._transport.handle_async_request(outgoing)
        body = self._intake.begin(request.max_bytes)
        try:
            if _is_body_wanted(response, body):
                stream: Any = response.stream  # of the async kind
                async for piece in stream:
                    body.add(piece)
            return _to_answer(response, body)
        except BaseException:
            body.drop()
            raise
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """As `Wire.close`."""
        if self._client is not None:
            await self._client.aclose()
        elif isinstance(self._transport, _AsyncGuardedTransport):
            await self._transport.aclose()


# --- what both share --------------------------------------------------------------------------------------------------


def _check_target(url: str) -> None:
    """Return when a URL may be fetched; what stands behind a question mark is the asker's own, such as a time."""
    check_url(url.partition("?")[0])


def _build_request(request: Request, seconds: float) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        request.url,
        headers=[("User-Agent", _USER_AGENT), *request.headers],
        content=request.body,
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), max(seconds, 0.001))},
    )


def _to_answer(response: httpx2.Response, body: Body) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return body.to_answer(response.status_code, headers)


def _is_body_wanted(response: httpx2.Response, body: Body) -> bool:
    """Whether the body is read at all: only with 200, and only if it does not say that it is too long."""
    stated = response.headers.get("content-length", "")
    if response.status_code == _OK and stated.isdecimal() and stated.isascii():
        body.expect(int(stated[:20]))
    return response.status_code == _OK


def _read(response: httpx2.Response, body: Body, end: float) -> None:
    if not _is_body_wanted(response, body):
        return
    stream: Any = response.stream  # of the sync kind
    for piece in stream:
        body.add(piece)
        if monotonic() >= end:
            raise unavailable("timeout", "There was no answer in time")


def _no_cookies() -> CookieJar:
    """A jar that takes nothing: the httpx2 client keeps what servers set, and sends it back."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


_CAUSES: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]] = (
    (ssl.SSLError, "tls"),
    (socket.gaierror, "dns"),
    ((TimeoutError, httpcore2.TimeoutException, httpx2.TimeoutException), "timeout"),
    ((httpcore2.ProtocolError, httpx2.ProtocolError), "protocol"),
    ((httpcore2.ConnectError, httpx2.ConnectError), "connect"),
    ((httpcore2.NetworkError, httpx2.NetworkError, httpx2.ProxyError, httpcore2.ProxyError, OSError), "network"),
)
"""Kinds of failure, the more telling ones first; each is looked for in the whole chain of causes."""


def _to_status_error(error: Exception) -> StatusError:
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or found.__context__
    for kinds, cause in _CAUSES:
        if any(isinstance(link, kinds) for link in chain):
            return unavailable(cause, "The server could not be asked, or broke off")
    return unavailable("transport", "The transport failed", error=type(error).__name__)


# --- the transport that judges addresses, and keeps the deadline ------------------------------------------------------


class _GuardedTransport(httpx2.BaseTransport):
    def __init__(self, connection: ConnectionSettings) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=connection.context(),
            max_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=_GuardedNetwork(allow_private=connection.allow_private),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._pool.handle_request(_to_core_request(request))
        stream: Any = answer.stream
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(stream))

    def leave(self) -> None:
        for connection in self._pool.connections:  # by themselves: the pool's own lock may be held for ever
            with suppress(Exception):
                connection.close()

    def close(self) -> None:
        self._pool.close()


class _AsyncGuardedTransport(httpx2.AsyncBaseTransport):
    def __init__(self, connection: ConnectionSettings) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=connection.context(),
            max_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=_AsyncGuardedNetwork(allow_private=connection.allow_private),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._pool.handle_async_request(_to_core_request(request))
        stream: Any = answer.stream
        return httpx2.Response(answer.status, headers=answer.headers, stream=_AsyncBody(stream))

    async def aclose(self) -> None:
        await self._pool.aclose()


def _to_core_request(request: httpx2.Request) -> httpcore2.Request:
    url, stream = request.url, request.stream
    content: Any = stream  # of the kind that the pool takes: bytes stand behind it
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=content,
        extensions=request.extensions,
    )


class _Body(httpx2.SyncByteStream):
    """A body as it comes in, closed with the connection."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401  httpcore2 does not name its type
        self._stream = stream

    def __iter__(self) -> Any:  # noqa: ANN401  as above
        return iter(self._stream)

    def close(self) -> None:
        self._stream.close()


class _AsyncBody(httpx2.AsyncByteStream):
    """As `_Body`."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401  as above
        self._stream = stream

    def __aiter__(self) -> Any:  # noqa: ANN401  as above
        return aiter(self._stream)

    async def aclose(self) -> None:
        await self._stream.aclose()


class _GuardedNetwork(httpcore2.NetworkBackend):
    """Resolves once, judges what it finds, and connects to that."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = _check_addresses(
            _resolve(host, port, _seconds_left(timeout)), host, allow_private=self._allow_private
        )
        for place, address in enumerate(addresses):
            share = _seconds_left(timeout) / (len(addresses) - place)
            try:
                stream = self._plain.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place + 1 == len(addresses):
                    raise
            else:
                return _TimedStream(stream)
        raise httpcore2.ConnectError  # pragma: no cover  there is at least one address


class _AsyncGuardedNetwork(httpcore2.AsyncNetworkBackend):
    """As `_GuardedNetwork`."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._plain = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        found = await asyncio.wrap_future(_RESOLVERS.start(partial(_look_up, host, port)))
        addresses = _check_addresses(found, host, allow_private=self._allow_private)
        for place, address in enumerate(addresses):
            share = None if timeout is None else timeout / (len(addresses) - place)
            try:
                return await self._plain.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place + 1 == len(addresses):
                    raise
        raise httpcore2.ConnectError  # pragma: no cover  as above


class _TimedStream(httpcore2.NetworkStream):
    """A stream under the deadline of the request that uses it: each read waits no longer than what is left."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _seconds_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _seconds_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, _seconds_left(timeout)))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  httpcore2's signature
        return self._stream.get_extra_info(info)


def _seconds_left(timeout: float | None) -> float:
    """Seconds that are left of the deadline, and never more than the timeout."""
    end = _DEADLINE.get()
    left = (timeout or 0.0) if end is None else end - monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left if timeout is None else min(left, timeout)


def _resolve(host: str, port: int, seconds: float) -> Sequence[str]:
    """The addresses of a host. The resolver cannot be interrupted, so it is left behind when time is up."""
    if is_loopback_host(host):
        return _look_up(host, port)  # needs nobody else
    found = _RESOLVERS.start(partial(_look_up, host, port))
    try:
        return found.result(seconds)
    except TimeoutError:
        found.cancel()
        raise httpcore2.ConnectTimeout from None


def _look_up(host: str, port: int) -> Sequence[str]:
    """The addresses that getaddrinfo gives, each once, in its order."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as cause:
        raise socket.gaierror(str(cause)) from cause
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _check_addresses(addresses: Sequence[str], host: str, *, allow_private: bool) -> Sequence[str]:
    """The addresses, once every one of them may be asked."""
    for address in addresses:
        check_address(address, host=host, allow_private=allow_private)
    if not addresses:
        raise unavailable("dns", "The host has no address")
    return addresses
