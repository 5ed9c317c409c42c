"""What a backend is made with: where vehicles are looked up, deadlines, bounds and clocks. Values alone.

A pickled backend is its settings, and nothing else.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

import attrs

from certcore._clock import utc_now
from certcore._instants import CLOCK_SKEW
from certcore.errors import StatusError
from certcore.keys._trusted import VerifyingKey, trusted_key_tuple
from certcore.status._inflate import wire_bytes
from certcore.status._url_policy import unavailable
from certcore.status.http._failures import LookupFailure
from certcore.status.tokenlist import DEFAULT_MAX_LIST_BYTES
from certcore.trust.issuers import TrustedIssuer

DEFAULT_DEADLINE: Final = timedelta(milliseconds=800)
"""For one look-up, everything included."""


def _is_size(_tuning: object, field: attrs.Attribute[int], value: int) -> None:
    try:
        wire_bytes(value)
    except ValueError as cause:
        raise ValueError(f"{field.name}: {cause}") from cause


@attrs.frozen(kw_only=True)
class HTTPTuning:
    """Bounds, clocks and chance of an HTTP backend.

    Attributes:
        max_documents: how many documents are kept, in memory and on disk.
        max_list_bytes: the most bytes that a list may inflate to.
        clock_skew: how far two right clocks may be apart.
        failure_pause: how long a document is not asked for again after a failure; twice as long after each in a row, up
            to 32 times.
        clock: what time it is, for `prefetch`; look-ups bring their own.
        monotonic: seconds on a clock that only goes forward.
        jitter: gives numbers from 0 to 1.
        sleep: how to pause between attempts; the async backend awaits what it gives. None: as the driver does.
    """

    max_documents: int = attrs.field(default=1024, validator=attrs.validators.ge(1))
    max_list_bytes: int = attrs.field(default=DEFAULT_MAX_LIST_BYTES, validator=_is_size)
    clock_skew: timedelta = attrs.field(default=CLOCK_SKEW, validator=attrs.validators.ge(timedelta()))
    failure_pause: timedelta = attrs.field(default=timedelta(seconds=1), validator=attrs.validators.ge(timedelta()))
    clock: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], object] | None = None


@attrs.frozen(kw_only=True)
class Settings:
    """What a backend was made with: all that a pickle keeps."""

    cache_dir: Path | None
    deadline: timedelta = attrs.field(validator=attrs.validators.gt(timedelta()))
    allow_private: bool
    trust_env: bool
    ca_file: Path | None
    proxy: str | None = attrs.field(repr=False)
    vehicles: Mapping[str, VehicleEndpoint]
    on_failure: Callable[[LookupFailure], object] | None
    tuning: HTTPTuning


@attrs.frozen(kw_only=True)
class VehicleEndpoint:
    """Where vehicles of one country are looked up, who signs the answers, and by what the register knows the caller.

    Attributes:
        url: the endpoint.
        keys: the keys that may sign answers: those of usage ``register``, with their dates.
        token: a bearer token, or a function that gives the current one. A token itself does not travel with a pickle.
        client_certificate: files of the client's certificate chain and its private key, both PEM.
    """

    url: str
    keys: tuple[VerifyingKey, ...] = attrs.field(converter=trusted_key_tuple)
    token: str | Callable[[], str] | None = attrs.field(default=None, repr=False)
    client_certificate: tuple[str, str] | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        issuer: TrustedIssuer,
        /,
        *,
        token: str | Callable[[], str] | None = None,
        client_certificate: tuple[str, str] | None = None,
    ) -> Self:
        """The endpoint that the trust list gives an issuer, and the issuer's keys for it.

        Raises:
            ValueError: for an issuer without an endpoint, or without keys of usage ``register``.
        """
        if issuer.query_endpoint is None or not issuer.register_keys:
            msg = "the issuer has no query endpoint, or no key that may sign its answers"
            raise ValueError(msg)
        return cls(
            url=issuer.query_endpoint, keys=issuer.register_keys, token=token, client_certificate=client_certificate
        )

    def __reduce__(self) -> tuple[Callable[..., VehicleEndpoint], tuple[object, ...]]:
        token = _raise_lost_token if isinstance(self.token, str) else self.token
        return _restore_endpoint, (self.url, self.keys, token, self.client_certificate)

    def authorization(self) -> tuple[tuple[str, str], ...]:
        """The header that says who asks, if a token does.

        Raises:
            StatusError: ``status-unavailable`` with the cause ``missing-credentials``.
        """
        if self.token is None:
            return ()
        try:
            token = self.token if isinstance(self.token, str) else self.token()
        except StatusError:
            raise
        except Exception as cause:  # somebody else's code, which may ask a network of its own
            raise unavailable("missing-credentials", "There is no bearer token to be had") from cause
        if not token or not token.isascii() or not token.isprintable():
            raise unavailable("missing-credentials", "The bearer token is empty, or cannot stand in a header")
        return (("Authorization", f"Bearer {token}"),)


def _restore_endpoint(
    url: str,
    keys: tuple[VerifyingKey, ...],
    token: Callable[[], str] | None,
    client_certificate: tuple[str, str] | None,
) -> VehicleEndpoint:
    return VehicleEndpoint(url=url, keys=keys, token=token, client_certificate=client_certificate)


def _raise_lost_token() -> str:
    """What stands in for a token that did not travel."""
    raise unavailable("missing-credentials", "The bearer token did not travel with the pickled backend")
