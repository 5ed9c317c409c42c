"""Trust lists and a clock for tests and first steps. The root key here is public knowledge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from certcore._instants import EPOCH
from certcore.keys import LocalSigner, Signer
from certcore.trust import Environment, KeyUsage, TrustedIssuer, TrustedKey, TrustList, TrustListContents, TrustRoot

_ROOT_PEM: Final = b"""-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnHc6WkcFD4zxmwZw
0Sy4jj/QjFe0aRfNS6tsfqHTvKihRANCAAR0qDEz1uRB+F0Fc1yxN3m1JUdxFAms
7s3LBhB3Hi3vQQ08o95t7nOLkPZ7ycg3qISO45ZWV5qd1t6kXV0nvOyx
-----END PRIVATE KEY-----
"""

ROOT_SIGNER: Final = LocalSigner.from_pem(_ROOT_PEM)
"""The root of every list that `make_trust` makes. Its private key stands in this file: it proves nothing."""

TRUST_ROOT: Final = TrustRoot(keys=[ROOT_SIGNER.public_key])
"""What `TrustList.open` needs to open such a list."""

_END: Final = datetime(9998, 1, 1, tzinfo=UTC)


@attrs.frozen
class FixedClock:
    """A clock that stands still; pickles, which a lambda does not."""

    at: datetime

    def __call__(self) -> datetime:
        """Always the same instant."""
        return self.at


def make_trust(
    *signers: Signer, issuer: str = "CN", time_zone: str = "Asia/Shanghai", country: str | None = None
) -> TrustList:
    """A trust list of one issuer, which may sign certificates with each of the signers' keys at any time.

    The list is dated into the far future, so that no clock a test injects finds it old.

    Args:
        signers: whose keys it holds.
        issuer: the issuer's id.
        time_zone: the zone of its civil days.
        country: its country; the issuer's id where that has the form of one, else CN.
    """
    keys = [
        TrustedKey(public_key=signer.public_key, usage=KeyUsage.CERTIFICATE, not_before=EPOCH, not_after=_END)
        for signer in signers
    ]
    is_country = len(issuer) == 2 and issuer.isascii() and issuer.isupper()  # noqa: PLR2004  ISO 3166-1 alpha-2
    entry = TrustedIssuer(
        id=issuer,
        name=f"Test issuer {issuer}",
        country=country or (issuer if is_country else "CN"),
        time_zone=time_zone,
        keys=keys,
    )
    contents = TrustListContents(
        version=1,
        issued_at=_END,
        next_update_at=_END + timedelta(days=1),
        environment=Environment.TEST,
        issuers=[entry],
    )
    return TrustList.open(contents.sign(ROOT_SIGNER), root=TRUST_ROOT)
