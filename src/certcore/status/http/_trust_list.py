"""`fetch_trust_list`: a trust list over HTTP, with the bounds and rules of status lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from certcore import _extras, events
from certcore._clock import utc_now
from certcore.errors import StatusError
from certcore.status.http import _fetch
from certcore.status.http._failures import tell_fetch
from certcore.trust import Environment, TrustList, TrustRoot
from certcore.trust._lists import MAX_TRUST_LIST_BYTES, MEDIA_TYPE

DEFAULT_TRUST_LIST_DEADLINE: Final = timedelta(seconds=10)

_TRUST_LIST_TYPES: Final = (MEDIA_TYPE, "application/octet-stream", "application/cose")
"""What a trust list may be served as: many servers know no better name for bytes. It is signed and states its type."""


def fetch_trust_list(  # noqa: PLR0913  one call, whose arguments say what it may do and how long
    url: str,
    /,
    *,
    root: TrustRoot,
    previous: TrustList | None = None,
    environment: Environment | None = None,
    transport: Any = None,  # noqa: ANN401  a third party's type
    now: datetime | None = None,
    deadline: timedelta = DEFAULT_TRUST_LIST_DEADLINE,
    allow_private: bool = False,
    trust_env: bool = False,
    ca_file: Path | str | None = None,
    proxy: str | None = None,
) -> TrustList:
    """The trust list at a URL, installed: signed by enough of the root, current, and no older than the one held.

    On any error the caller goes on with the list it has; every verdict says how old that is.

    Args:
        url: https, or http on loopback.
        root: whom the caller trusts.
        previous: the list held until now.
        environment: what the list must be for, as for `TrustList.open`: production, as a rule.
        transport: an httpx2 transport to send through.
        now: the moment of installing; the system's clock, unless given.
        deadline: for everything.
        allow_private: as for `HTTPStatusBackend`, and so are ``trust_env`` and ``ca_file``.
        trust_env: see there.
        ca_file: see there.
        proxy: see there.

    Raises:
        StatusError: ``trust-list-unavailable`` with a ``cause``.
        RejectedInputError: ``trust-list-malformed``.
        UntrustedError: as `TrustList.open`.
    """
    _extras.require("http", "httpx2", "httpcore2")
    from certcore.status.http._wire import ConnectionSettings, Wire  # noqa: PLC0415  the extra `http`

    request = _fetch.plain_request(url, ("Accept", ", ".join(_TRUST_LIST_TYPES)), max_bytes=MAX_TRUST_LIST_BYTES)
    try:
        connection = ConnectionSettings(
            allow_private=allow_private,
            trust_env=trust_env,
            ca_file=None if ca_file is None else Path(ca_file),
            proxy=proxy,
        )
        wire, began = Wire(connection, transport=transport), events.start()
        try:
            answer = wire.send(request, seconds=deadline.total_seconds())
            tell_fetch(url, (answer.status, len(answer.body)), began)
        except StatusError as error:
            tell_fetch(url, error, began)
            raise
        finally:
            wire.close()
        if (why := _fetch.refusal_of(answer)) is not None:
            raise why
        _fetch.check_head(answer, _TRUST_LIST_TYPES)
    except StatusError as error:
        detail = dict(error.detail)
        raise StatusError(
            "trust-list-unavailable", "There is no trust list to be had", retry_after_s=error.retry_after_s, **detail
        ) from error
    installed_at = utc_now() if now is None else now
    return TrustList.open(answer.body, root=root, previous=previous, now=installed_at, environment=environment)
