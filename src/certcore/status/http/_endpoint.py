"""`VehicleEndpoint`: where vehicles are looked up, and by what the register knows who asks.

Public name of `certcore.status.http`, which re-exports it. What never lives here: sending.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import attrs

from certcore.errors import StatusError
from certcore.keys._trusted import VerifyingKey, trusted_key_tuple
from certcore.status._url_policy import unavailable
from certcore.trust.issuers import TrustedIssuer


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
        token = _lost_token if isinstance(self.token, str) else self.token
        return _endpoint, (self.url, self.keys, token, self.client_certificate)

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


def _endpoint(
    url: str,
    keys: tuple[VerifyingKey, ...],
    token: Callable[[], str] | None,
    client_certificate: tuple[str, str] | None,
) -> VehicleEndpoint:
    return VehicleEndpoint(url=url, keys=keys, token=token, client_certificate=client_certificate)


def _lost_token() -> str:
    """What stands in for a token that did not travel."""
    raise unavailable("missing-credentials", "The bearer token did not travel with the pickled backend")
